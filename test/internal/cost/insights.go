package cost

import (
	"errors"
	"fmt"
	"strings"

	"example.com/strangler/test/internal/assembly"
)

// The numbers of metrics that Container Insights with enhanced observability records on
// Fargate, counted from AWS's table of them, once for each set of dimensions. A task
// has 16 and a container 7. Both kinds are also aggregated for the cluster, for the
// service and for the family of task definitions, of which a service has one. Left
// out are metrics of instances, of EBS volumes, and of containers with a restart
// policy or a health check.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Container-Insights-enhanced-observability-metrics-ECS.html
const (
	ofTasks, ofContainers = 16, 7
	// A cluster also has the numbers of its services and tasks, and a service those of
	// its deployments, its task sets, and its desired, pending and running tasks.
	ofCluster, ofService = 2, 5
	// A task and its containers count for the service and for the family.
	views = 2
)

// chargeContainerInsights charges for a cluster with Container Insights, and for the
// services and tasks in it. Each service pays for its own.
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
		// chargeTasks reports a task definition that no stack has.
		task, _ := assembly.Find(e.stage.TaskDefinitions, service.TaskDefinition)
		both := views * (ofTasks + ofContainers*len(task.Containers))
		errs = append(errs,
			e.add(service.Resource, ContainerInsightsMetric, "Container Insights metric, of a service", 1, (both+ofService)*whole),
			e.add(service.Resource, ContainerInsightsMetric, "Container Insights metric, of a task", e.stage.MinimumTasks(service), both*whole))
	}
	return errors.Join(errs...)
}

// observed reports whether a cluster has Container Insights.
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
			return false, fmt.Errorf("containerInsights %q has no price: want enhanced or disabled, or add it to test/internal/cost", setting.Value)
		}
	}
	return false, nil
}
