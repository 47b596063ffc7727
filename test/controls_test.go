package test

import (
	"testing"

	"example.com/forum/services"
	"example.com/forum/stacks/controls"
	"example.com/forum/test/assembly"
)

// Whatever the phases are, and in an environment that people use too, every
// control holds, but for the exceptions.
func TestControlsHoldInEveryPhase(t *testing.T) {
	stages := []*assembly.Stage{atPublic(t), atTraced(t), assemble(t, environment("natGateways", 1))}
	for _, s := range situations {
		stages = append(stages, at(t, s))
	}
	for _, stage := range stages {
		var templates []controls.Template
		for _, stack := range stage.Stacks {
			template, err := controls.Parse(stack.File, stack.Template)
			if err != nil {
				t.Fatal(err)
			}
			templates = append(templates, template)
		}
		findings, err := controls.Check(templates, controls.Exceptions())
		if err != nil {
			t.Errorf("%s: %v", stage.Name, err)
		}
		for _, f := range findings {
			t.Errorf("%s: %s", stage.Name, f)
		}
	}
}

// A monolith that may write to its own root is refused until somebody excepts it.
func TestRelaxedContainerIsFound(t *testing.T) {
	stage := assemble(t, editService("monolith", func(s *services.Service) {
		s.Image, s.WritableRoot, s.User = services.Image{Folder: "services"}, true, "1000:1000"
	}))
	monolith, _ := stage.Stack("Monolith")
	template, err := controls.Parse(monolith.File, monolith.Template)
	if err != nil {
		t.Fatal(err)
	}
	findings, _ := controls.Check([]controls.Template{template}, nil)
	if len(findings) != 1 || findings[0].Control.ID != "ECS.5" {
		t.Errorf("%v, want ECS.5 alone", findings)
	}
}
