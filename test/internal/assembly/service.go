package assembly

import "time"

// Service is an AWS::ECS::Service.
type Service struct {
	Resource
	// Cluster and TaskDefinition are identities.
	Cluster, TaskDefinition string
	// DesiredCount is nil when the template leaves the number of tasks to scaling.
	DesiredCount *int
	// LaunchType is such as "FARGATE", and empty where Capacity says what tasks run on.
	LaunchType string
	Capacity   []CapacityProvider
	// MinimumHealthyPercent and MaximumPercent bound the number of tasks during a
	// deployment. A template that leaves them out means 100 and 200.
	MinimumHealthyPercent, MaximumPercent int
	// CircuitBreaker stops a deployment whose tasks do not become healthy;
	// Rollback brings the last one back.
	CircuitBreaker, Rollback bool
	// DeploymentAlarms are references to the alarms that fail a deployment, while
	// it lasts and for the bake time after. A BakeTime of zero is one that ECS
	// takes from the alarms.
	DeploymentAlarms []string
	BakeTime         time.Duration
	// HealthCheckGracePeriod is how long a new task may fail health checks.
	HealthCheckGracePeriod time.Duration
	Attachments            []Attachment
	// Subnets and SecurityGroups are identities.
	Subnets, SecurityGroups []string
	AssignPublicIP          bool
}

// CapacityProvider is a share of the tasks of a service.
type CapacityProvider struct {
	// Name is such as "FARGATE_SPOT".
	Name string `json:"CapacityProvider"`
	// Base is how many tasks it gets first; of those beyond the bases it gets Weight
	// parts.
	Base, Weight int
}

// Attachment registers the tasks of a service in a target group.
type Attachment struct {
	// TargetGroup is an identity.
	TargetGroup string
	Container   string
	Port        int
}

func readService(r Resource) (Service, error) {
	var properties struct {
		Cluster, TaskDefinition  string
		DesiredCount             *int
		LaunchType               string
		CapacityProviderStrategy []CapacityProvider
		DeploymentConfiguration  struct {
			MinimumHealthyPercent, MaximumPercent int
			DeploymentCircuitBreaker              struct{ Enable, Rollback bool }
			Alarms                                struct {
				Enable     bool
				AlarmNames []string
			}
			BakeTimeInMinutes int
		}
		HealthCheckGracePeriodSeconds int
		LoadBalancers                 []struct {
			TargetGroupArn, ContainerName string
			ContainerPort                 int
		}
		NetworkConfiguration struct {
			AwsvpcConfiguration struct {
				Subnets, SecurityGroups []string
				AssignPublicIP          string
			}
		}
	}
	properties.DeploymentConfiguration.MinimumHealthyPercent = 100
	properties.DeploymentConfiguration.MaximumPercent = 200
	if err := decode(r.Properties, &properties); err != nil {
		return Service{}, err
	}
	deployment := properties.DeploymentConfiguration
	network := properties.NetworkConfiguration.AwsvpcConfiguration
	service := Service{
		Resource:               r,
		Cluster:                properties.Cluster,
		TaskDefinition:         properties.TaskDefinition,
		DesiredCount:           properties.DesiredCount,
		LaunchType:             properties.LaunchType,
		Capacity:               properties.CapacityProviderStrategy,
		MinimumHealthyPercent:  deployment.MinimumHealthyPercent,
		MaximumPercent:         deployment.MaximumPercent,
		CircuitBreaker:         deployment.DeploymentCircuitBreaker.Enable,
		Rollback:               deployment.DeploymentCircuitBreaker.Rollback,
		BakeTime:               time.Duration(deployment.BakeTimeInMinutes) * time.Minute,
		HealthCheckGracePeriod: seconds(properties.HealthCheckGracePeriodSeconds),
		Subnets:                network.Subnets,
		SecurityGroups:         network.SecurityGroups,
		AssignPublicIP:         network.AssignPublicIP == "ENABLED",
	}
	if deployment.Alarms.Enable {
		service.DeploymentAlarms = deployment.Alarms.AlarmNames
	}
	for _, lb := range properties.LoadBalancers {
		service.Attachments = append(service.Attachments,
			Attachment{TargetGroup: lb.TargetGroupArn, Container: lb.ContainerName, Port: lb.ContainerPort})
	}
	return service, nil
}

// MinimumTasks is how many tasks of a service run while nobody uses it: the least
// that scaling leaves, or without scaling the desired count, which is 1 by default.
func (s *Stage) MinimumTasks(service Service) int {
	for _, target := range s.ScalableTargets {
		if target.Service == service.Identity() {
			return target.Min
		}
	}
	if service.DesiredCount != nil {
		return *service.DesiredCount
	}
	return 1
}
