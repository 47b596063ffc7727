package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/synth"
)

// stages makes the app as it is at a step. The CDK's runtime serves one caller
// at a time, so this does too.
type stages struct {
	app *synth.App
	// scratch takes the assemblies.
	scratch string
	// begun are the stages that are made in the background.
	begun sync.WaitGroup

	// mu is for one call at a time.
	mu   sync.Mutex
	made int
}

// begin makes a stage in the background, and returns what waits for it. When jsii panics, as it
// does at Ctrl-C, that does too.
func (s *stages) begin(step step, edits ...edit) (wait func() (*assembly.Stage, error)) {
	wait = sync.OnceValues(func() (*assembly.Stage, error) { return s.make(step, edits...) })
	s.begun.Go(func() {
		defer func() { _ = recover() }()
		_, _ = wait()
	})
	return wait
}

// make synthesizes the first environment with the phases of a step.
func (s *stages) make(step step, edits ...edit) (*assembly.Stage, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, phase := range step.phases {
		s.app.Context[name] = phase
	}
	s.made++
	folder := filepath.Join(s.scratch, fmt.Sprint(s.made))
	a, err := s.app.Synthesize(folder)
	if err != nil {
		return nil, err
	}
	if len(edits) == 0 {
		return a.Stages[0], nil
	}
	for _, e := range edits {
		if err := e.apply(a.Stages[0]); err != nil {
			return nil, err
		}
	}
	if a, err = assembly.Read(folder); err != nil {
		return nil, err
	}
	return a.Stages[0], nil
}

// edit makes one stack's template wrong on purpose.
type edit struct {
	stack string
	// change changes the resources of the template, by their logical ids.
	change func(stack *assembly.Stack, resources map[string]any)
}

func (e edit) apply(stage *assembly.Stage) error {
	stack, ok := stage.Stack(e.stack)
	if !ok {
		return fmt.Errorf("stage %s has no stack %s", stage.Name, e.stack)
	}
	e.change(stack, stack.Document["Resources"].(map[string]any))
	template, err := json.Marshal(stack.Document)
	if err != nil {
		return err
	}
	return os.WriteFile(stack.File, template, 0o644)
}

// textbookOrder lets the service depend on the live rule instead of the other
// way round, as every sample has it.
func textbookOrder(stack string) edit {
	return edit{stack, func(s *assembly.Stack, resources map[string]any) {
		service := serviceOf(s)
		rule := unorderLiveRule(s, resources)
		dependsOn, _ := resources[service].(map[string]any)["DependsOn"].([]any)
		resources[service].(map[string]any)["DependsOn"] = append(dependsOn, rule)
	}}
}

// unorderLiveRule takes from the rule that waits for the service all that makes
// it wait, and returns its logical id.
func unorderLiveRule(s *assembly.Stack, resources map[string]any) string {
	service := serviceOf(s)
	for _, r := range s.Resources {
		if r.Type == "AWS::ElasticLoadBalancingV2::ListenerRule" && s.DependsOn(r.LogicalID, service) {
			delete(resources[r.LogicalID].(map[string]any), "DependsOn")
			return r.LogicalID
		}
	}
	return ""
}

func serviceOf(s *assembly.Stack) string {
	for _, r := range s.Resources {
		if r.Type == "AWS::ECS::Service" {
			return r.LogicalID
		}
	}
	return ""
}

// redeployed makes a stack's service start new tasks of the same program, for a reason that is
// another one each time.
func redeployed(stack, reason string) edit {
	return edit{stack, func(s *assembly.Stack, resources map[string]any) {
		properties := resources[serviceOf(s)].(map[string]any)["Properties"].(map[string]any)
		properties["ForceNewDeployment"] = map[string]any{"EnableForceNewDeployment": true, "ForceNewDeploymentNonce": reason}
	}}
}
