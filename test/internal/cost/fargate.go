package cost

import (
	"errors"
	"fmt"

	"example.com/strangler/test/internal/assembly"
)

// chargeTasks charges for the least number of tasks, which Fargate bills by the size in
// their definition, and for the metrics of a service at a resolution of 20 s.
//
// https://aws.amazon.com/fargate/pricing/
func chargeTasks(e *estimator, r assembly.Resource) error {
	service, _ := assembly.Find(e.stage.Services, r.Identity())
	task, ok := assembly.Find(e.stage.TaskDefinitions, service.TaskDefinition)
	if !ok {
		return fmt.Errorf("no stack has its task definition %s", service.TaskDefinition)
	}
	if task.Properties["EphemeralStorage"] != nil {
		return errors.New("storage beyond the 20 GB of a task has no price: add it to test/internal/cost")
	}
	e.use(r, "image storage")
	tasks := e.stage.MinimumTasks(service)
	capacity, err := capacityOf(service)
	if err != nil {
		return err
	}
	var errs []error
	for i, count := range divide(tasks, capacity) {
		errs = append(errs,
			e.add(r, vCPU(capacity[i].Name, task.Architecture), "", count, task.CPU),
			e.add(r, memory(capacity[i].Name, task.Architecture), "", count, task.Memory))
	}
	if service.AssignPublicIP {
		errs = append(errs, e.add(r, PublicAddress, "", tasks, whole))
	}
	return errors.Join(append(errs, chargeMonitoring(e, r))...)
}

func capacityOf(service assembly.Service) ([]assembly.CapacityProvider, error) {
	if len(service.Capacity) > 0 {
		var weights int
		for _, provider := range service.Capacity {
			weights += provider.Weight
		}
		if weights == 0 {
			return nil, errors.New("no capacity provider has a weight: ECS needs one for the tasks beyond the bases")
		}
		return service.Capacity, nil
	}
	if service.LaunchType != "FARGATE" {
		return nil, fmt.Errorf("launch type %q has no price: want FARGATE, or capacity providers", service.LaunchType)
	}
	return []assembly.CapacityProvider{{Name: "FARGATE", Weight: 1}}, nil
}

// divide places tasks as ECS does: first each provider's base, then every next task
// at the provider with the fewest tasks for its weight.
//
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CapacityProviderStrategyItem.html
func divide(tasks int, capacity []assembly.CapacityProvider) []int {
	counts, weighted := make([]int, len(capacity)), make([]int, len(capacity))
	for i, provider := range capacity {
		counts[i] = min(provider.Base, tasks)
		tasks -= counts[i]
	}
	for range tasks {
		next := -1
		for i, provider := range capacity {
			if provider.Weight > 0 && (next < 0 || weighted[i]*capacity[next].Weight < weighted[next]*provider.Weight) {
				next = i
			}
		}
		weighted[next]++
		counts[next]++
	}
	return counts
}

// chargeMonitoring charges for the metrics of a service at a resolution of 20 s. AWS
// says that they cost what CloudWatch metrics do: they are priced as custom metrics.
//
// https://aws.amazon.com/about-aws/whats-new/2026/06/amazon-ecs-faster-autoscaling/
func chargeMonitoring(e *estimator, r assembly.Resource) error {
	var service struct {
		Monitoring struct {
			MetricConfigurations []struct {
				MetricNames       []string
				ResolutionSeconds int
			}
		}
	}
	if err := r.Decode(&service); err != nil {
		return err
	}
	var errs []error
	for _, configuration := range service.Monitoring.MetricConfigurations {
		if configuration.ResolutionSeconds < 60 {
			errs = append(errs, e.add(r, CustomMetric, "metric every 20 s", len(configuration.MetricNames), whole))
		}
	}
	return errors.Join(errs...)
}
