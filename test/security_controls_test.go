package test

import (
	"strings"
	"testing"

	"example.com/strangler/services"
	"example.com/strangler/stacks/controls"
	"example.com/strangler/stacks/template"
	"example.com/strangler/test/internal/assembly"
)

// Whatever the phases are, and in an environment that people use too, every
// control holds, but for the exceptions.
func TestControlsHoldInEveryPhase(t *testing.T) {
	stages := []*assembly.Stage{atPublic(t), atTraced(t), assemble(t, environment("natGateways", 1))}
	for _, s := range situations {
		stages = append(stages, at(t, s))
	}
	for _, stage := range stages {
		findings, err := controls.Check(templatesOf(t, stage), choicesOf(stage), controls.Exceptions())
		if err != nil {
			t.Errorf("%s: %v", stage.Name, err)
		}
		for _, f := range findings {
			t.Errorf("%s: %s", stage.Name, f)
		}
	}
}

// choicesOf are those of dev, which is bare, and of prod, which has everything.
func choicesOf(stage *assembly.Stage) controls.Choices {
	if strings.HasSuffix(stage.Name, "-prod") {
		return nil
	}
	return controls.Choices{stage.Name: {controls.NoDomain, controls.NoFirewall, controls.NotProtected}}
}

// templatesOf returns a stage's templates, as the controls read them.
func templatesOf(t *testing.T, stage *assembly.Stage) []template.Template {
	t.Helper()
	var templates []template.Template
	for _, stack := range stage.Stacks {
		templates = append(templates, stack.Template)
	}
	return templates
}

// A monolith that may write to its own root is refused until somebody excepts it.
func TestRelaxedContainerIsFound(t *testing.T) {
	_, err := neutral(t, editService("legacy", func(s *services.Service) {
		s.Image, s.WritableRoot, s.User = services.Image{Folder: "services"}, true, "1000:1000"
	})).Synthesize(t.TempDir())
	if err == nil || strings.Count(err.Error(), "\n") != 0 || !strings.Contains(err.Error(), "ECS.5") {
		t.Errorf("%v, want ECS.5 alone", err)
	}
}
