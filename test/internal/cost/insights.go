package cost

import (
	"errors"
	"fmt"
	"strings"

	"example.com/strangler/test/internal/assembly"
)

// What Container Insights with enhanced observability measures on Fargate, counted
// from the table of its metrics, each as often as it has sets of dimensions there.
// Of those 16 are measured of a task and 7 of a container, and each of the two
// kinds also together for all of a cluster, of a service and of a family of task
// definitions, which a service has one of. Left out are metrics of instances, of
// EBS volumes, and of containers with a restart policy or a health check.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Container-Insights-enhanced-observability-metrics-ECS.html
const (
	ofTasks, ofContainers = 16, 7
	// A cluster has the numbers of its services and tasks besides, and a service
	// those of its deployments, its task sets, and its desired, pending and running tasks.
	ofCluster, ofService = 2, 5
	// A task and its container are measured as the service's and as the family's.
	views = 2
)

// chargeContainerInsights is for a cluster that has it, and for the services and
// the tasks in there, to whoever they belong.
func chargeContainerInsights(e *estimator, r assembly.Resource) error {
	on, err := observed(r)
	if err != nil || !on {
		return err
	}
	errs := []error{e.add(r, ContainerInsightsMetric, "Container Insights metric, of the cluster", 1, (ofTasks+ofContainers+ofCluster)*whole)}
	for _, service := range e.stage.Services {
		if service.Cluster != r.Identity() && service.Cluster != strings.TrimSuffix(r.Identity(), "}")+".Arn}" {
			continue
		}
		// A task definition that no stack has is what chargeTasks finds.
		task, _ := assembly.Find(e.stage.TaskDefinitions, service.TaskDefinition)
		both := views * (ofTasks + ofContainers*len(task.Containers))
		errs = append(errs,
			e.add(service.Resource, ContainerInsightsMetric, "Container Insights metric, of a service", 1, (both+ofService)*whole),
			e.add(service.Resource, ContainerInsightsMetric, "Container Insights metric, of a task", e.stage.MinimumTasks(service), both*whole))
	}
	return errors.Join(errs...)
}

func observed(cluster assembly.Resource) (bool, error) {
	var properties struct {
		ClusterSettings []struct{ Name, Value string }
	}
	if err := cluster.Decode(&properties); err != nil {
		return false, err
	}
	for _, setting := range properties.ClusterSettings {
		switch {
		case setting.Name != "containerInsights" || setting.Value == "disabled":
		case setting.Value == "enhanced":
			return true, nil
		default:
			return false, fmt.Errorf("containerInsights %q has no price: want enhanced or disabled, or add it to test/cost", setting.Value)
		}
	}
	return false, nil
}
