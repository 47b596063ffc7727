package test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/services"
	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/fixture"
	"example.com/strangler/test/internal/network"
	"example.com/strangler/test/internal/synth"
)

// isWorker reports whether no load balancer leads to a service.
func isWorker(service assembly.Service) bool { return len(service.Attachments) == 0 }

// checkNoPorts wants a worker to listen nowhere, and nothing to be let in to it.
func checkNoPorts(stage *assembly.Stage, service assembly.Service) error {
	task, _ := assembly.Find(stage.TaskDefinitions, service.TaskDefinition)
	name := service.Stack + ": "
	errs := []error{
		equal(name+"sources that may connect", 0, len(groupOf(stage, service.SecurityGroups).Ingress)),
		equal(name+"listener rules", 0, count(stage, service.Stack, listenerRule)),
		equal(name+"target groups", 0, count(stage, service.Stack, "AWS::ElasticLoadBalancingV2::TargetGroup")),
	}
	for _, container := range task.Containers {
		errs = append(errs, equal(name+"ports", 0, len(container.Ports)), equal(name+"PORT", "", container.Environment["PORT"]))
	}
	return errors.Join(errs...)
}

func count(stage *assembly.Stage, stack, kind string) (n int) {
	for r := range stage.Resources(kind) {
		if r.Stack == stack {
			n++
		}
	}
	return n
}

// No program connects to a worker in any phase, and the load balancer does not either.
func TestNothingReachesAWorker(t *testing.T) {
	for _, s := range situations {
		stage := at(t, s)
		n, err := network.Of(stage)
		require.NoError(t, err)
		for _, from := range append(completed(t).Names(), network.LoadBalancer) {
			for _, port := range []int{80, 443, 8080, services.ConnectionPort} {
				assert.False(t, n.Connects(from, "omega", port), "%v: %s to port %d", s, from, port)
			}
		}
	}
	for name, edit := range map[string]func(resources map[string]any){
		"a way in": func(r map[string]any) {
			ofType(r, "AWS::EC2::SecurityGroup")[0]["SecurityGroupIngress"] = []any{
				map[string]any{"CidrIp": "10.0.0.0/16", "IpProtocol": "tcp", "FromPort": 8080, "ToPort": 8080},
			}
		},
		"a port": func(r map[string]any) {
			containerOf(r)["PortMappings"] = []any{map[string]any{"ContainerPort": 8080, "Protocol": "tcp"}}
		},
		"PORT": func(r map[string]any) {
			containerOf(r)["Environment"] = []any{map[string]any{"Name": "PORT", "Value": "8080"}}
		},
	} {
		mutant := mutated(t, allLive, "Omega", edit)
		assert.Error(t, checkWayIn(mutant, completed(t)), "%s: mutant passed the check", name)
	}
}

// A worker changes its own stack, and those of the tables and of the dashboard.
func TestWorkerIsAStackOfItsOwn(t *testing.T) {
	without := assemble(t, func(app *synth.App) { app.Catalog.Workers = nil })
	assert.ElementsMatch(t, []string{"Omega", "Data", "Watch"}, changed(without, at(t, allLive)))
	for option, edit := range map[string]func(*services.Service){
		"queue":  followJobs,
		"check":  func(s *services.Service) { s.Health = services.Health{} },
		"size":   func(s *services.Service) { s.CPU, s.Memory = 1024, 2048 },
		"budget": func(s *services.Service) { s.MonthlyBudget = 7 },
	} {
		want := []string{"Omega"}
		if option == "queue" {
			want = append(want, "Watch") // the dashboard has the queue
		}
		assert.ElementsMatch(t, want, changed(at(t, allLive), assemble(t, editService("omega", edit))), option)
	}
}

// ECS checks the container of a worker as the catalog says, and a worker without a check has
// no grace for one.
func TestHealthOfAWorker(t *testing.T) {
	check := func(stage *assembly.Stage) (any, any) {
		container := only(stage, "Omega", "AWS::ECS::TaskDefinition").Properties["ContainerDefinitions"].([]any)[0].(map[string]any)
		return container["HealthCheck"], only(stage, "Omega", ecsService).Properties["HealthCheckGracePeriodSeconds"]
	}
	health, grace := check(at(t, allLive))
	assert.Equal(t, map[string]any{
		"Command": []any{"CMD", "/omega", "-check"}, "Interval": 20.0, "Timeout": 4.0, "Retries": 2.0, "StartPeriod": 60.0,
	}, health)
	assert.EqualValues(t, 60, grace)
	health, grace = check(assemble(t, editService("omega", func(s *services.Service) { s.Health = services.Health{} })))
	assert.Nil(t, health)
	assert.Nil(t, grace)
	health, _ = check(assemble(t, editService("omega", func(s *services.Service) {
		s.Health = services.Health{Command: []string{"CMD-SHELL", "exit 0"}}
	})))
	assert.Equal(t, map[string]any{
		"Command": []any{"CMD-SHELL", "exit 0"}, "Interval": 30.0, "Timeout": 5.0, "Retries": 3.0, "StartPeriod": 60.0,
	}, health, "ECS's own defaults")
}

// The tasks of a worker follow the messages that wait in its queue for each of them.
func TestWorkerFollowsItsQueue(t *testing.T) {
	stage := assemble(t, editService("omega", followJobs))
	assert.NoError(t, checkQueue(stage))
	assert.NoError(t, checkAlarms(stage))
	assert.NoError(t, checkDashboard(stage, withJobs(t)))
	metrics := func(resources map[string]any) []any {
		for i := range 2 {
			if custom, ok := policy(resources, i)["CustomizedMetricSpecification"].(map[string]any); ok {
				return custom["Metrics"].([]any)
			}
		}
		return nil
	}
	for name, edit := range map[string]func(metrics []any){
		"another queue": func(m []any) { dimensionsOf(m[0].(map[string]any))[0].(map[string]any)["Value"] = "other" },
		"the tasks of all": func(m []any) {
			m[1].(map[string]any)["MetricStat"].(map[string]any)["Metric"].(map[string]any)["Dimensions"] = nil
		},
		"the messages alone": func(m []any) { m[2].(map[string]any)["Expression"] = "waiting" },
		"nothing returned":   func(m []any) { m[2].(map[string]any)["ReturnData"] = false },
		"two returned":       func(m []any) { m[0].(map[string]any)["ReturnData"] = true },
	} {
		mutant := mutate(t, stage, "Omega", func(resources map[string]any) { edit(metrics(resources)) })
		assert.Error(t, checkQueue(mutant), "%s: mutant passed the check", name)
	}
}

// followJobs lets a worker's tasks follow the queue "jobs".
func followJobs(s *services.Service) {
	s.Scaling.Queue, s.Scaling.MessagesPerTask = "arn:aws:sqs:eu-west-1:"+fixture.Account+":jobs", 50
}

// withJobs is the catalog whose worker does.
func withJobs(t *testing.T) services.Catalog {
	t.Helper()
	c := fixture.Catalog()
	followJobs(&c.Workers[0])
	c, err := c.Complete()
	require.NoError(t, err)
	return c
}

func checkQueue(stage *assembly.Stage) error {
	target := targetOf(stage, "Omega")
	i := slices.IndexFunc(target.Policies, func(p assembly.ScalingPolicy) bool { return p.Queue != "" })
	if i < 0 {
		return errors.New("no policy follows a queue")
	}
	p := target.Policies[i]
	errs := []error{equal("the queue", "jobs", p.Queue), equal("the target", 50.0, p.Target)}
	configuration := p.Properties["TargetTrackingScalingPolicyConfiguration"].(map[string]any)
	metrics := configuration["CustomizedMetricSpecification"].(map[string]any)["Metrics"]
	var returned []any
	for _, metric := range metrics.([]any) {
		metric := metric.(map[string]any)
		if metric["ReturnData"] == true {
			returned = append(returned, metric["Expression"])
		}
		if metric["Id"] == "running" {
			got := map[string]string{}
			dimensions, _ := metric["MetricStat"].(map[string]any)["Metric"].(map[string]any)["Dimensions"].([]any)
			for _, d := range dimensions {
				got[fmt.Sprint(d.(map[string]any)["Name"])] = fmt.Sprint(d.(map[string]any)["Value"])
			}
			service, _ := assembly.Find(stage.Services, target.Service)
			want := map[string]string{"ClusterName": service.Cluster, "ServiceName": strings.TrimSuffix(service.Identity(), "}") + ".Name}"}
			errs = append(errs, equal("the tasks that are counted", fmt.Sprint(want), fmt.Sprint(got)))
		}
	}
	errs = append(errs, equal("what is tracked", fmt.Sprint([]any{"IF(running > 0, waiting / running, waiting)"}), fmt.Sprint(returned)))
	return errors.Join(errs...)
}
