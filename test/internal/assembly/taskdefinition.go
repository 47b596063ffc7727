package assembly

import (
	"cmp"
	"strings"
	"time"
)

// TaskDefinition is an AWS::ECS::TaskDefinition for Fargate.
type TaskDefinition struct {
	Resource
	// CPU in units of 1/1024 vCPU, Memory in MiB.
	CPU, Memory int
	// TaskRole and ExecutionRole are the identities of the roles' ARNs.
	TaskRole, ExecutionRole string
	// Architecture is "X86_64" unless the template says otherwise.
	Architecture string
	// Containers are in the order of the template.
	Containers []Container
}

// Container is one container of a task.
type Container struct {
	Name                string
	Image               Image
	EntryPoint, Command []string
	// Environment are the variables in plain text. Secrets are those that ECS reads
	// from the ARN in the value.
	Environment, Secrets map[string]string
	// Ports are the ports that the container listens on. PortNames are those that the
	// template names, by name; it is nil when there is none.
	Ports     []int
	PortNames map[string]int
	// CPU is the container's share under contention, in units of 1/1024 vCPU; zero means
	// almost nothing. Memory is the hard limit in MiB; zero means the task's.
	CPU, Memory int
	// Essential is whether the task ends with the container.
	Essential bool
	// HealthCheckInterval is the time between two runs of the container's own health check, and
	// zero without one.
	HealthCheckInterval time.Duration
	// DependsOn are the containers that start before this one and stop after it.
	DependsOn []string
	// StopTimeout is the time from SIGTERM to SIGKILL. A template that leaves it
	// out means 30 s.
	StopTimeout time.Duration
	// User is as the template has it, such as "65532:65532", and empty for the image's.
	User string
	// ReadonlyRootFilesystem is false unless the template sets it.
	ReadonlyRootFilesystem bool
	// LogDriver and LogOptions are empty when output is not collected.
	LogDriver  string
	LogOptions map[string]string
}

// Image is the image of a container.
type Image struct {
	// Reference is the image as the task definition names it.
	Reference string
	// Asset is the hash of the image's source, and empty when the assembly does not
	// contain it.
	Asset string
	// Folder is the path of that source, the context of docker build.
	Folder string
}

func (s *Stage) readTaskDefinition(r Resource) (TaskDefinition, error) {
	var properties struct {
		CPU                  int `json:",string"`
		Memory               int `json:",string"`
		TaskRoleArn          string
		ExecutionRoleArn     string
		RuntimePlatform      struct{ CPUArchitecture string }
		ContainerDefinitions []struct {
			Name, Image, User   string
			EntryPoint, Command []string
			Environment         []struct{ Name, Value string }
			Secrets             []struct{ Name, ValueFrom string }
			PortMappings        []struct {
				ContainerPort int
				Name          string
			}
			CPU, Memory            int
			Essential              *bool
			DependsOn              []struct{ ContainerName string }
			StopTimeout            int
			HealthCheck            *struct{ Interval int }
			ReadonlyRootFilesystem bool
			LogConfiguration       struct {
				LogDriver string
				Options   map[string]string
			}
		}
	}
	if err := decode(r.Properties, &properties); err != nil {
		return TaskDefinition{}, err
	}
	task := TaskDefinition{
		Resource:      r,
		CPU:           properties.CPU,
		Memory:        properties.Memory,
		TaskRole:      properties.TaskRoleArn,
		ExecutionRole: properties.ExecutionRoleArn,
		Architecture:  cmp.Or(properties.RuntimePlatform.CPUArchitecture, "X86_64"),
	}
	for _, c := range properties.ContainerDefinitions {
		container := Container{
			Name:                   c.Name,
			Image:                  s.image(c.Image),
			EntryPoint:             c.EntryPoint,
			Command:                c.Command,
			Environment:            map[string]string{},
			Secrets:                map[string]string{},
			CPU:                    c.CPU,
			Memory:                 c.Memory,
			Essential:              c.Essential == nil || *c.Essential,
			StopTimeout:            seconds(cmp.Or(c.StopTimeout, 30)),
			User:                   c.User,
			ReadonlyRootFilesystem: c.ReadonlyRootFilesystem,
			LogDriver:              c.LogConfiguration.LogDriver,
			LogOptions:             c.LogConfiguration.Options,
		}
		if check := c.HealthCheck; check != nil {
			// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html
			container.HealthCheckInterval = seconds(cmp.Or(check.Interval, 30))
		}
		for _, dependency := range c.DependsOn {
			container.DependsOn = append(container.DependsOn, dependency.ContainerName)
		}
		for _, variable := range c.Environment {
			container.Environment[variable.Name] = variable.Value
		}
		for _, secret := range c.Secrets {
			container.Secrets[secret.Name] = secret.ValueFrom
		}
		for _, mapping := range c.PortMappings {
			container.addPort(mapping.Name, mapping.ContainerPort)
		}
		task.Containers = append(task.Containers, container)
	}
	return task, nil
}

func (c *Container) addPort(name string, port int) {
	c.Ports = append(c.Ports, port)
	if name == "" {
		return
	}
	if c.PortNames == nil {
		c.PortNames = map[string]int{}
	}
	c.PortNames[name] = port
}

func (s *Stage) image(reference string) Image {
	_, name, _ := strings.Cut(reference, "/")
	image := s.images[name]
	image.Reference = reference
	return image
}
