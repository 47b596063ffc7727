package controls

import (
	"regexp"
	"slices"

	"example.com/strangler/services"
	"example.com/strangler/stacks/template"
)

const (
	taskDefinition = "AWS::ECS::TaskDefinition"
	service        = "AWS::ECS::Service"
)

func containers() []Control {
	return []Control{
		{"ECS.5", taskDefinition, "Containers cannot write to their root file system",
			"set ReadonlyRootFilesystem, or WritableRoot in the catalog",
			container(func(c any) bool { return at(c, "ReadonlyRootFilesystem") == true })},
		{"ECS.20", taskDefinition, "Containers run as a numeric user that is not root",
			"set User to the numbers of a user and a group",
			container(func(c any) bool {
				user, _ := at(c, "User").(string)
				return ordinaryUser.MatchString(user)
			})},
		{"ECS.4", taskDefinition, "No container is privileged",
			"remove Privileged",
			container(func(c any) bool { return at(c, "Privileged") != true })},
		{"HOUSE.ECS.1", taskDefinition, "Containers drop all Linux capabilities and add none",
			"drop ALL in LinuxParameters",
			container(func(c any) bool {
				capabilities := at(c, "LinuxParameters", "Capabilities")
				return slices.Contains(list(at(capabilities, "Drop")), any("ALL")) && at(capabilities, "Add") == nil
			})},
		{"CT.ECS.PR.7", taskDefinition, "Containers have a hard memory limit",
			"set Memory in the container's definition",
			container(func(c any) bool { return positive(at(c, "Memory")) })},
		{"ECS.8", taskDefinition, "Environment variables hold no secret in plain text",
			"keep it in Secrets Manager, and name it in the Secrets of the catalog",
			container(func(c any) bool {
				return !slices.ContainsFunc(list(at(c, "Environment")), func(v any) bool {
					name, _ := at(v, "Name").(string)
					value, _ := at(v, "Value").(string)
					return services.IsSecret(name, value)
				})
			})},
		{"ECS.9", taskDefinition, "Containers log, with an explicit delivery mode",
			"set LogConfiguration with the option mode",
			container(func(c any) bool {
				return at(c, "LogConfiguration", "LogDriver") != nil && at(c, "LogConfiguration", "Options", "mode") != nil
			})},
		{"CT.ECS.PR.4", taskDefinition, "Tasks have a network interface of their own",
			"set NetworkMode to awsvpc",
			property("awsvpc", "NetworkMode")},
		{"ECS.3", taskDefinition, "Tasks do not see their host's processes",
			"remove PidMode",
			property(nil, "PidMode")},
		{"ECS.2", service, "Tasks have no public address",
			"set AssignPublicIp to DISABLED",
			property("DISABLED", "NetworkConfiguration", "AwsvpcConfiguration", "AssignPublicIp")},
		{"ECS.10", service, "Tasks run on the latest version of Fargate",
			"set PlatformVersion to LATEST",
			property("LATEST", "PlatformVersion")},
		{"HOUSE.ECS.2", service, "ECS Exec is off: it opens no shell in a task",
			"set EnableExecuteCommand to false",
			property(false, "EnableExecuteCommand")},
	}
}

var (
	ordinaryUser = regexp.MustCompile(`^[1-9]\d*:[1-9]\d*$`)
)

// container makes a control of a task definition hold for each of its containers.
func container(holds func(any) bool) check {
	return func(r template.Resource, _ template.Template) bool {
		return every(list(r.Properties["ContainerDefinitions"]), holds)
	}
}
