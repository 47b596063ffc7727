package main

import (
	"context"
	"debug/buildinfo"
	"fmt"
	"maps"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"example.com/forum/test/alb"
	"example.com/forum/test/assembly"
)

// region stands in for AWS: it runs on this machine what the templates declare.
type region struct {
	root     string
	database *database
	door     *door
	// transport keeps connections to the processes open, as a load balancer does.
	transport *http.Transport
	// binaries are the programs built for this machine, by their main package.
	binaries map[string]string
	// tasks are the processes that serve, by the name of their service.
	tasks map[string]*task
	// started are all processes ever, for close to end.
	started []*process
}

// task is a process and what it was started from.
type task struct {
	*process
	program     string
	environment map[string]string
}

func newRegion(root string) (*region, error) {
	database, err := startDatabase()
	if err != nil {
		return nil, err
	}
	door, err := openDoor()
	if err != nil {
		return nil, err
	}
	return &region{
		root:      root,
		database:  database,
		door:      door,
		transport: &http.Transport{MaxIdleConnsPerHost: 64},
		binaries:  map[string]string{},
		tasks:     map[string]*task{},
	}, nil
}

// close ends everything that was started.
func (r *region) close() {
	r.door.close()
	for _, p := range r.started {
		p.kill()
	}
	r.database.close()
}

// deploy brings the region to what the stage's templates declare: tables, new
// and changed tasks until they are healthy, the listener's rules, and only then
// an end to the tasks that are no longer wanted.
func (r *region) deploy(ctx context.Context, stage *assembly.Stage) error {
	if err := r.database.create(ctx, stage); err != nil {
		return err
	}
	wanted := map[string]*task{}
	programs := map[string]string{}
	groups := map[string]http.Handler{}
	for _, service := range stage.Services {
		for _, attachment := range service.Attachments {
			t, err := r.runTask(ctx, stage, service, attachment)
			if err != nil {
				return fmt.Errorf("stack %s: %w", service.Stack, err)
			}
			wanted[attachment.Container] = t
			programs[attachment.TargetGroup] = attachment.Container
			groups[attachment.TargetGroup] = proxy(t.address, r.transport)
		}
	}
	if len(stage.Listeners) != 1 {
		return fmt.Errorf("stage %s: %d listeners, the rehearsal has one front door", stage.Name, len(stage.Listeners))
	}
	r.door.rules.Store(&rules{
		balancer: &alb.LoadBalancer{Listener: stage.Listeners[0].Routing, TargetGroups: groups},
		programs: programs,
	})
	for name, old := range r.tasks {
		if wanted[name] != old {
			old.stop()
		}
	}
	r.tasks = wanted
	return nil
}

// runTask starts the service's container, or keeps the one that runs from the
// same definition.
func (r *region) runTask(ctx context.Context, stage *assembly.Stage, service assembly.Service, attachment assembly.Attachment) (*task, error) {
	container, err := containerOf(stage, service, attachment.Container)
	if err != nil {
		return nil, err
	}
	program, err := programOf(container)
	if err != nil {
		return nil, err
	}
	environment := r.environment(stage, container)
	if old := r.tasks[container.Name]; old != nil && old.program == program && maps.Equal(old.environment, environment) {
		return old, nil
	}
	binary, err := r.build(ctx, program)
	if err != nil {
		return nil, err
	}
	process, err := start(ctx, container.Name, binary, healthCheckPath(stage, attachment.TargetGroup), environment)
	if err != nil {
		return nil, err
	}
	r.started = append(r.started, process)
	return &task{process, program, environment}, nil
}

// environment is what the task definition sets, with the tables' names here,
// and the way to the embedded database.
func (r *region) environment(stage *assembly.Stage, container assembly.Container) map[string]string {
	environment := r.database.environment()
	for name, value := range container.Environment {
		for _, table := range stage.Tables {
			value = strings.ReplaceAll(value, table.Identity(), tableName(table))
		}
		environment[name] = value
	}
	return environment
}

func containerOf(stage *assembly.Stage, service assembly.Service, name string) (assembly.Container, error) {
	for _, definition := range stage.TaskDefinitions {
		if definition.Identity() != service.TaskDefinition {
			continue
		}
		if i := slices.IndexFunc(definition.Containers, func(c assembly.Container) bool { return c.Name == name }); i >= 0 {
			return definition.Containers[i], nil
		}
	}
	return assembly.Container{}, fmt.Errorf("task definition %s has no container %q", service.TaskDefinition, name)
}

func healthCheckPath(stage *assembly.Stage, group string) string {
	for _, g := range stage.TargetGroups {
		if g.Identity() == group {
			return g.HealthCheck.Path
		}
	}
	return "/"
}

// programOf is the main package of the binary in a container's image.
func programOf(container assembly.Container) (string, error) {
	if container.Image.Folder == "" {
		return "", fmt.Errorf("container %q runs %s: the rehearsal runs only Go programs of this module", container.Name, container.Image.Reference)
	}
	info, err := buildinfo.ReadFile(filepath.Join(container.Image.Folder, "service"))
	if err != nil {
		return "", fmt.Errorf("container %q: the rehearsal runs only Go programs of this module: %w", container.Name, err)
	}
	return info.Path, nil
}

// build compiles a program for this machine; the image holds it for Fargate's.
func (r *region) build(ctx context.Context, program string) (string, error) {
	if binary, ok := r.binaries[program]; ok {
		return binary, nil
	}
	folder := filepath.Join(r.root, ".build", "rehearsal")
	command := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-o", folder+string(filepath.Separator), program)
	command.Dir = r.root
	if output, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build %s: %w: %s", program, err, output)
	}
	r.binaries[program] = filepath.Join(folder, filepath.Base(program))
	return r.binaries[program], nil
}
