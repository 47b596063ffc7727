package diff

import (
	"fmt"

	"example.com/strangler/test/internal/assembly"
)

// ordinary is the user of a program of this module. Its root is read-only.
const ordinary = "65532:65532"

// contained are findings of programs that get another user or a writable root: each once,
// when it changes or the program is new.
func (c comparison) contained() []string {
	var lines []string
	for _, service := range c.after.Services {
		is, ok := programContainer(c.after, service.Program())
		if !ok {
			continue
		}
		was, there := programContainer(c.before, service.Program())
		if !there {
			was = assembly.Container{User: ordinary, ReadonlyRootFilesystem: true}
		}
		add := func(format string, args ...any) {
			lines = append(lines, fmt.Sprintf("Stack %s: %s ", code(service.Stack), name(service.Program()))+fmt.Sprintf(format, args...)+
				"; take it back, or have the person who answers for the image agree.")
		}
		if is.User != was.User && is.User != ordinary {
			add("runs as the user %s from now on, and may do what that user may with the files of its image", code(is.User))
		}
		if was.ReadonlyRootFilesystem && !is.ReadonlyRootFilesystem {
			add("may write to its root file system from now on, where an attacker could leave a program")
		}
	}
	return lines
}

// programContainer is the container that a program runs in.
func programContainer(stage *assembly.Stage, program string) (assembly.Container, bool) {
	for _, task := range stage.TaskDefinitions {
		for _, container := range task.Containers {
			if container.Name == program {
				return container, true
			}
		}
	}
	return assembly.Container{}, false
}
