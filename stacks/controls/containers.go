package controls

import (
	"regexp"
	"slices"
)

const (
	taskDefinition = "AWS::ECS::TaskDefinition"
	service        = "AWS::ECS::Service"
)

func containers() []Control {
	return []Control{
		{"ECS.5", taskDefinition, "Containers cannot write to their root file system",
			"set ReadonlyRootFilesystem, or except the service whose WritableRoot is true",
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
		{"HOUSE.ECS.1", taskDefinition, "Containers drop all capabilities of Linux, and add none",
			"drop ALL in LinuxParameters",
			container(func(c any) bool {
				capabilities := at(c, "LinuxParameters", "Capabilities")
				return slices.Contains(list(at(capabilities, "Drop")), any("ALL")) && at(capabilities, "Add") == nil
			})},
		{"CT.ECS.PR.7", taskDefinition, "Containers have a hard limit of memory",
			"set Memory in the container's definition",
			container(func(c any) bool { n, ok := at(c, "Memory").(float64); return ok && n > 0 })},
		{"ECS.8", taskDefinition, "No variable of a container is a secret in plain text",
			"hand it over as one of Secrets",
			container(func(c any) bool {
				return !slices.ContainsFunc(list(at(c, "Environment")), func(v any) bool {
					name, _ := at(v, "Name").(string)
					return secretName.MatchString(name)
				})
			})},
		{"ECS.9", taskDefinition, "Containers log, and say whether a log may hold them up",
			"set LogConfiguration with an explicit mode",
			container(func(c any) bool {
				return at(c, "LogConfiguration", "LogDriver") != nil && at(c, "LogConfiguration", "Options", "mode") != nil
			})},
		{"CT.ECS.PR.4", taskDefinition, "Tasks have a network interface of their own",
			"set NetworkMode to awsvpc",
			func(r Resource, _ Template) bool { return r.at("NetworkMode") == "awsvpc" }},
		{"ECS.3", taskDefinition, "Tasks do not see their host's processes",
			"remove PidMode",
			func(r Resource, _ Template) bool { return r.at("PidMode") == nil }},
		{"ECS.2", service, "Tasks have no public address",
			"set AssignPublicIp to DISABLED",
			func(r Resource, _ Template) bool {
				return r.at("NetworkConfiguration", "AwsvpcConfiguration", "AssignPublicIp") == "DISABLED"
			}},
		{"ECS.10", service, "Tasks run on the latest version of Fargate",
			"set PlatformVersion to LATEST",
			func(r Resource, _ Template) bool { return r.at("PlatformVersion") == "LATEST" }},
		{"HOUSE.ECS.2", service, "Nobody opens a shell in a task",
			"set EnableExecuteCommand to false",
			func(r Resource, _ Template) bool { return r.at("EnableExecuteCommand") == false }},
	}
}

var (
	ordinaryUser = regexp.MustCompile(`^[1-9]\d*:[1-9]\d*$`)
	secretName   = regexp.MustCompile(`(?i)secret|password|passwd|token|credential|private_?key|access_?key|api_?key`)
)

// container makes a control of a task definition hold for each of its containers.
func container(holds func(any) bool) func(Resource, Template) bool {
	return func(r Resource, _ Template) bool { return every(list(r.at("ContainerDefinitions")), holds) }
}
