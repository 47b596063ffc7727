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
	"example.com/strangler/test/internal/synth"
)

const collectorImage = fixture.Registry + "aws-otel-collector:v0.49.0"

// withCollector puts a collector beside each of the programs.
func withCollector(names ...string) change {
	return func(app *synth.App) {
		for _, name := range names {
			editService(name, func(s *services.Service) { s.Collector = collectorImage })(app)
		}
	}
}

func withImageOfCollector(reference string) change {
	return editService("alpha", func(s *services.Service) { s.Collector = reference })
}

// withoutCollector takes the collector of the fixture away.
func withoutCollector(name string) change {
	return editService(name, func(s *services.Service) { s.Collector = "" })
}

var traced *assembly.Stage

// atTraced is the fixture, all live, with collectors beside two services and the
// monolith, synthesized once for all tests.
func atTraced(t testing.TB) *assembly.Stage {
	t.Helper()
	if traced == nil {
		traced = assemble(t, withCollector("alpha", "legacy"))
	}
	return traced
}

// A collector takes of its task what the program leaves, from its task alone, and
// may fall or stay away without the program.
func TestCollectors(t *testing.T) {
	require.NoError(t, checkCollectors(atTraced(t), "alpha", "gamma", "legacy"))
	require.NoError(t, checkCollectors(at(t, situation{"live", services.Serving}), "gamma"))
	require.NoError(t, checkCollectors(assemble(t, withoutCollector("gamma"))))
}

func checkCollectors(stage *assembly.Stage, beside ...string) error {
	var errs []error
	for _, task := range stage.TaskDefinitions {
		program := task.Containers[0]
		var err error
		cpu, memory := proxyRoom(stage, task)
		if slices.Contains(beside, program.Name) {
			err = checkCollector(task, task.CPU-cpu, task.Memory-memory)
		} else if _, told := program.Environment[services.CollectorVariable]; told || len(task.Containers) != 1 ||
			program.Memory != task.Memory-memory {
			err = fmt.Errorf("want the program alone: %+v", task.Containers)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", program.Name, err))
		}
	}
	return errors.Join(errs...)
}

// proxyRoom returns what a task keeps for the proxy of its connections, in CPU units and
// MiB.
func proxyRoom(stage *assembly.Stage, task assembly.TaskDefinition) (cpu, memory int) {
	for _, service := range stage.Services {
		if service.TaskDefinition == task.Identity() && service.Properties["ServiceConnectConfiguration"] != nil {
			return services.ProxyCPU, services.ProxyMemory
		}
	}
	return 0, 0
}

// startsAfter reports whether the first container of a task starts once another has started,
// and does not wait for its end.
func startsAfter(task assembly.TaskDefinition, container string) bool {
	containers := task.Properties["ContainerDefinitions"].([]any)
	return assert.ObjectsAreEqual([]any{map[string]any{"Condition": "START", "ContainerName": container}},
		containers[0].(map[string]any)["DependsOn"])
}

// checkCollector wants a collector to share CPU units and MiB with the program, and to
// outlive it.
func checkCollector(task assembly.TaskDefinition, cpu, memory int) error {
	if len(task.Containers) != 2 {
		return fmt.Errorf("want a program and a collector: %+v", task.Containers)
	}
	program, collector := task.Containers[0], task.Containers[1]
	endpoint, config := program.Environment[services.CollectorVariable], collector.Environment["COLLECTOR_CONFIG"]
	switch {
	case !program.Essential || collector.Essential:
		return errors.New("want the task to end with the program and not with the collector")
	case program.StopTimeout > collector.StopTimeout:
		return fmt.Errorf("ECS kills the collector after %s, the program after %s", collector.StopTimeout, program.StopTimeout)
	case !startsAfter(task, services.CollectorContainer):
		return errors.New("want the program to start once the collector has")
	case program.Memory+collector.Memory != memory || collector.Memory < 256:
		return fmt.Errorf("%d and %d MiB, of %d", program.Memory, collector.Memory, memory)
	case program.CPU+collector.CPU != cpu:
		return fmt.Errorf("%d and %d CPU units, of %d", program.CPU, collector.CPU, cpu)
	case !slices.Equal(program.DependsOn, []string{collector.Name}) || len(collector.DependsOn) > 0:
		return errors.New("want the collector to stop after the program")
	case endpoint != "http://localhost:4318":
		return fmt.Errorf("the program sends to %s", endpoint)
	case !strings.Contains(config, `http: {endpoint: "localhost:4318"}`) || strings.Contains(config, "0.0.0.0") || len(collector.Ports) > 0:
		return fmt.Errorf("the collector listens on %v and as %s", collector.Ports, config)
	case !slices.Equal(collector.Command, []string{"--config=env:COLLECTOR_CONFIG"}):
		return fmt.Errorf("the collector reads %v", collector.Command)
	case collector.LogOptions["awslogs-group"] != program.LogOptions["awslogs-group"],
		collector.LogOptions["awslogs-stream-prefix"] == program.LogOptions["awslogs-stream-prefix"]:
		return fmt.Errorf("the collector logs to %v", collector.LogOptions)
	}
	return nil
}

func TestCollectorMutants(t *testing.T) {
	for name, edit := range map[string]func(program, collector map[string]any){
		"one without which the task ends": func(_, collector map[string]any) { collector["Essential"] = true },
		"a program that may use all":      func(program, _ map[string]any) { program["Memory"] = 512 },
		"a program without CPU":           func(program, _ map[string]any) { delete(program, "Cpu") },
		"one that is killed first":        func(_, collector map[string]any) { collector["StopTimeout"] = 2 },
		"one that must end first": func(program, _ map[string]any) {
			program["DependsOn"].([]any)[0].(map[string]any)["Condition"] = "COMPLETE"
		},
		"one that stops first": func(program, _ map[string]any) { delete(program, "DependsOn") },
		"one that other hosts reach": func(_, collector map[string]any) {
			variable := collector["Environment"].([]any)[0].(map[string]any)
			variable["Value"] = strings.ReplaceAll(variable["Value"].(string), "localhost", "0.0.0.0")
		},
		"a program that does not know of it": func(program, _ map[string]any) { program["Environment"] = []any{} },
		"its image's own settings":           func(_, collector map[string]any) { delete(collector, "Command") },
	} {
		mutant := mutate(t, atTraced(t), "Alpha", func(resources map[string]any) {
			containers := ofType(resources, "AWS::ECS::TaskDefinition")[0]["ContainerDefinitions"].([]any)
			edit(containers[0].(map[string]any), containers[1].(map[string]any))
		})
		assert.Error(t, checkCollectors(mutant, "alpha", "gamma", "legacy"), "%s: mutant passed the check", name)
	}
}

// A task with a collector may send traces, and do no more with them.
func TestTraceGrantMutants(t *testing.T) {
	phases := situation{"live", services.Serving}.phases()
	require.NoError(t, checkGrants(atTraced(t), phases))
	edit := func(resources map[string]any, edit func(statement map[string]any)) {
		for _, policy := range ofType(resources, "AWS::IAM::Policy") {
			for _, s := range policy["PolicyDocument"].(map[string]any)["Statement"].([]any) {
				if statement := s.(map[string]any); statement["Action"] == "xray:PutTraceSegments" {
					edit(statement)
				}
			}
		}
	}
	for name, change := range map[string]func(statement map[string]any){
		"anything with X-Ray": func(s map[string]any) { s["Action"] = "xray:*" },
		"reads traces, too":   func(s map[string]any) { s["Action"] = []any{"xray:PutTraceSegments", "xray:GetTraceSummaries"} },
		"does not send":       func(s map[string]any) { s["Effect"] = "Deny" },
	} {
		mutant := mutate(t, atTraced(t), "Alpha", func(resources map[string]any) { edit(resources, change) })
		assert.Error(t, checkGrants(mutant, phases), "%s: mutant passed the check", name)
	}
}

// X-Ray's endpoint is for what collectors of this account send.
func TestTraceEndpointMutants(t *testing.T) {
	require.NoError(t, checkEndpoints(atTraced(t), fixture.Endpoints()...))
	for name, change := range map[string]func(statement map[string]any){
		"any caller":     func(s map[string]any) { delete(s, "Condition") },
		"another action": func(s map[string]any) { s["Action"] = "xray:*" },
	} {
		mutant := mutate(t, atTraced(t), "Platform", func(resources map[string]any) {
			for _, endpoint := range ofType(resources, "AWS::EC2::VPCEndpoint") {
				statement := endpoint["PolicyDocument"].(map[string]any)["Statement"].([]any)[0].(map[string]any)
				if statement["Action"] == "xray:PutTraceSegments" {
					change(statement)
				}
			}
		})
		assert.Error(t, checkEndpoints(mutant, fixture.Endpoints()...), "%s: mutant passed the check", name)
	}
}

// A collector is a matter of its service, and the way to X-Ray of the platform.
func TestCollectorTouchesOneService(t *testing.T) {
	without := assemble(t, withoutCollector("gamma"), environment("traces", nil))
	endpoint := assemble(t, withoutCollector("gamma"))
	assert.Equal(t, []string{"Platform"}, changed(without, endpoint), "what traces change")
	assert.Equal(t, []string{"Gamma"}, changed(endpoint, assemble(t)), "what a collector of gamma changes")
	other := assemble(t, withoutCollector("gamma"), withCollector("beta"))
	assert.Equal(t, []string{"Beta"}, changed(endpoint, other), "what a collector of beta changes")
}
