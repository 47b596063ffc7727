package assembly

import "time"

// Service is an AWS::ECS::Service.
type Service struct {
	Resource
	// Cluster and TaskDefinition are identities.
	Cluster, TaskDefinition string
	// DesiredCount is nil when the template leaves the number of tasks to scaling.
	DesiredCount *int
	// LaunchType is a type such as "FARGATE", and empty where Capacity is set.
	LaunchType string
	// Capacity is the capacity provider strategy, and empty where LaunchType is set.
	Capacity []CapacityProvider
	// MinimumHealthyPercent and MaximumPercent bound the number of tasks during a
	// deployment. A template that leaves them out means 100 and 200.
	MinimumHealthyPercent, MaximumPercent int
	// CircuitBreaker stops a deployment whose tasks do not become healthy.
	// Rollback returns to the last completed deployment.
	CircuitBreaker, Rollback bool
	// DeploymentAlarms are references to the alarms that fail a deployment during it
	// and during the bake time after it, which ECS computes from the alarms.
	DeploymentAlarms []string
	// HealthCheckGracePeriod is how long a new task may fail health checks.
	HealthCheckGracePeriod time.Duration
	// Attachments are the target groups in which ECS registers the tasks.
	Attachments []Attachment
	// Subnets and SecurityGroups are identities.
	Subnets, SecurityGroups []string
	// AssignPublicIP is whether tasks have a public address.
	AssignPublicIP bool
	// Connect is nil for a service without Service Connect.
	Connect *ServiceConnect
	// first is the first essential container of its tasks.
	first string
}

// CapacityProvider is a share of the tasks of a service.
type CapacityProvider struct {
	// Name is a provider such as "FARGATE_SPOT".
	Name string `json:"CapacityProvider"`
	// Base is the number of tasks that the provider gets first. Weight is its share of
	// the tasks beyond all bases.
	Base, Weight int
}

// Attachment registers the tasks of a service in a target group.
type Attachment struct {
	// TargetGroup is an identity.
	TargetGroup string
	// Container and Port name the container and its port that serve the requests.
	Container string
	Port      int
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
		ServiceConnectConfiguration serviceConnect
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
		HealthCheckGracePeriod: seconds(properties.HealthCheckGracePeriodSeconds),
		Subnets:                network.Subnets,
		SecurityGroups:         network.SecurityGroups,
		AssignPublicIP:         network.AssignPublicIP == "ENABLED",
		Connect:                properties.ServiceConnectConfiguration.read(),
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

// MinimumTasks returns how many tasks of a service run without load: the lower bound
// of scaling, or without scaling the desired count, which is 1 by default.
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
