package region

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"example.com/strangler/services"
	"example.com/strangler/services/server"
	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/cloudformation"
)

// deployService deploys an ECS service as its template declares it, and returns when
// the service is steady.
func (r *Region) deployService(ctx context.Context, d cloudformation.Deployment, id string, declared assembly.Service) error {
	if len(declared.Attachments) > 1 {
		return fmt.Errorf("%d target groups: the rehearsal runs services with one, and workers", len(declared.Attachments))
	}
	for _, attachment := range declared.Attachments {
		if group := d.ID(attachment.TargetGroup); !r.frontend.attached(group) {
			// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/alb.html
			return fmt.Errorf("the target group %s does not have an associated load balancer", group)
		}
	}
	definition, err := r.definition(ctx, d, id, declared)
	if err != nil {
		return err
	}
	for _, attachment := range declared.Attachments {
		r.frontend.setProgram(d.ID(attachment.TargetGroup), attachment.Container)
	}
	r.mu.Lock()
	s := r.services[id]
	if s == nil {
		s = newService(declared.Program(), r.clock, r.journal(declared.Program()))
		r.services[id] = s
	}
	r.mu.Unlock()
	return s.deploy(ctx, declared, definition)
}

// definition returns what the service's tasks run: the program of their image with the
// variables of the task definition, the names of the tables here, and the endpoint of
// the embedded database. From now on the service has its names in its namespace.
func (r *Region) definition(
	ctx context.Context, d cloudformation.Deployment, id string, service assembly.Service,
) (definition, error) {
	task, container, err := taskOf(d.Stage, service, service.Program())
	if err != nil {
		return definition{}, err
	}
	command, err := r.programs.command(ctx, container)
	if err != nil {
		return definition{}, err
	}
	way, groupID := open, ""
	for _, attachment := range service.Attachments {
		groupID = d.ID(attachment.TargetGroup)
		if way, err = wayTo(d.Stage, service, container, attachment); err != nil {
			return definition{}, err
		}
	}
	member, err := r.membership(d, id, service, container)
	if err != nil {
		return definition{}, err
	}
	environment, err := r.environment(d, container)
	if err != nil {
		return definition{}, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return definition{
		command:     command,
		environment: environment,
		stopTimeout: r.clock.limit(container.StopTimeout),
		cpu:         task.CPU,
		group:       r.groups[groupID],
		way:         way,
		member:      member,
		revision:    revision(task, service),
	}, nil
}

// revision is what else starts a deployment when it changes: any property of the task
// definition, and those of the service that the API's page says it of, such as its
// subnets and security groups.
//
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html
func revision(task assembly.TaskDefinition, service assembly.Service) map[string]any {
	all := map[string]any{"TaskDefinition": task.Properties}
	for _, property := range []string{
		"ForceNewDeployment", "LoadBalancers", "NetworkConfiguration", "PlatformVersion", "ServiceConnectConfiguration", "ServiceRegistries",
		"VolumeConfigurations", "VpcLatticeConfigurations",
	} {
		all[property] = service.Properties[property]
	}
	return all
}

// environment is the variables of a container: those of the task definition, with the tables
// of here, then those that the person at the keyboard gives it.
func (r *Region) environment(d cloudformation.Deployment, container assembly.Container) (map[string]string, error) {
	environment := map[string]string{}
	if hasTable(container) {
		maps.Copy(environment, r.database.environment())
	}
	for name, value := range container.Environment {
		for _, table := range d.Tables {
			value = strings.ReplaceAll(value, table.Identity(), tableName(d.ID(table.Identity())))
		}
		environment[name] = value
	}
	// Only the container that serves runs here. Another process of this machine may
	// listen on the port of its collector.
	delete(environment, services.CollectorVariable)
	// The drain delay of this module's programs is part of the deregistration delay, so it
	// passes at the same speed.
	environment["DRAIN_DELAY"] = r.clock.scaled(server.DefaultDrainDelay).String()
	return environment, r.values.fill(environment, container)
}

// hasTable reports whether a container has the name of a table. Others get no address of the
// embedded database.
func hasTable(container assembly.Container) bool {
	for name := range container.Environment {
		if strings.HasSuffix(name, services.TableVariable("")) {
			return true
		}
	}
	return false
}

// taskOf returns a service's task definition, and the container of that name in it.
func taskOf(stage *assembly.Stage, service assembly.Service, name string) (assembly.TaskDefinition, assembly.Container, error) {
	for _, definition := range stage.TaskDefinitions {
		if definition.Identity() != service.TaskDefinition {
			continue
		}
		if i := slices.IndexFunc(definition.Containers, func(c assembly.Container) bool { return c.Name == name }); i >= 0 {
			return definition, definition.Containers[i], nil
		}
	}
	return assembly.TaskDefinition{}, assembly.Container{}, fmt.Errorf("task definition %s has no container %q", service.TaskDefinition, name)
}

func (r *Region) deleteService(ctx context.Context, id string) error {
	r.mu.Lock()
	s := r.services[id]
	r.mu.Unlock()
	if s == nil {
		return nil
	}
	if err := s.delete(ctx); err != nil {
		return err
	}
	r.namespaces.withdraw(id)
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.services, id)
	return nil
}
