package assembly

import "time"

// Service is an AWS::ECS::Service.
type Service struct {
	Resource
	// Cluster and TaskDefinition are identities.
	Cluster, TaskDefinition string
	// DesiredCount is nil when the template leaves the number of tasks to scaling.
	DesiredCount *int
	// MinimumHealthyPercent and MaximumPercent bound the number of tasks during a
	// deployment. A template that leaves them out means 100 and 200.
	MinimumHealthyPercent, MaximumPercent int
	// CircuitBreaker stops a deployment whose tasks do not become healthy;
	// Rollback brings the last one back.
	CircuitBreaker, Rollback bool
	// HealthCheckGracePeriod is how long a new task may fail health checks.
	HealthCheckGracePeriod time.Duration
	Attachments            []Attachment
	// Subnets and SecurityGroups are identities.
	Subnets, SecurityGroups []string
	AssignPublicIP          bool
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
		Cluster, TaskDefinition string
		DesiredCount            *int
		DeploymentConfiguration struct {
			MinimumHealthyPercent, MaximumPercent int
			DeploymentCircuitBreaker              struct{ Enable, Rollback bool }
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
		MinimumHealthyPercent:  deployment.MinimumHealthyPercent,
		MaximumPercent:         deployment.MaximumPercent,
		CircuitBreaker:         deployment.DeploymentCircuitBreaker.Enable,
		Rollback:               deployment.DeploymentCircuitBreaker.Rollback,
		HealthCheckGracePeriod: seconds(properties.HealthCheckGracePeriodSeconds),
		Subnets:                network.Subnets,
		SecurityGroups:         network.SecurityGroups,
		AssignPublicIP:         network.AssignPublicIP == "ENABLED",
	}
	for _, lb := range properties.LoadBalancers {
		service.Attachments = append(service.Attachments,
			Attachment{TargetGroup: lb.TargetGroupArn, Container: lb.ContainerName, Port: lb.ContainerPort})
	}
	return service, nil
}
