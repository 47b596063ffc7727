package diff

import (
	"fmt"
	"os"
	"strings"

	"example.com/strangler/test/internal/assembly"
)

// images says which programs run an image of another source, such as a monolith of
// another registry. A new version of the same source is no such line.
func (c comparison) images() []string {
	before := map[string]string{}
	for _, service := range c.before.Services {
		before[c.role(c.before, service)] = source(c.before, service)
	}
	var lines []string
	for _, service := range c.after.Services {
		from, there := before[c.role(c.after, service)]
		if to := source(c.after, service); there && from != to {
			lines = append(lines, fmt.Sprintf("Image of %s is of another source: %s → %s.", c.title(service), from, to))
		}
	}
	return lines
}

// role identifies a program on both sides: the monolith may have another name.
func (c comparison) role(stage *assembly.Stage, service assembly.Service) string {
	if isMonolith(stage, service) {
		return "/*"
	}
	return service.Program()
}

// title names a program in the head.
func (c comparison) title(service assembly.Service) string {
	if isMonolith(c.after, service) {
		return "the monolith " + name(service.Program())
	}
	return name(service.Program())
}

// source is where the image of a program comes from: the repository in a registry,
// without tag and digest, or what this module builds it of.
func source(stage *assembly.Stage, service assembly.Service) string {
	task, _ := assembly.Find(stage.TaskDefinitions, service.TaskDefinition)
	for _, container := range task.Containers {
		if container.Name == service.Program() {
			return sourceOf(container.Image)
		}
	}
	return "none"
}

// isProgram reports whether a build context is that of a Go program: the binary and the
// Dockerfile that all programs share.
func isProgram(folder string) bool {
	entries, err := os.ReadDir(folder)
	return err == nil && len(entries) == 2 && entries[0].Name() == "Dockerfile" && entries[1].Name() == "service"
}

// sourceOf leaves tag and digest of a reference out.
func sourceOf(image assembly.Image) string {
	if image.Asset != "" {
		if isProgram(image.Folder) {
			return "a Go program of this module"
		}
		return "a Dockerfile of this module"
	}
	reference, _, _ := strings.Cut(image.Reference, "@")
	if colon := strings.LastIndex(reference, ":"); colon > strings.LastIndex(reference, "/") {
		reference = reference[:colon]
	}
	return code(reference)
}
