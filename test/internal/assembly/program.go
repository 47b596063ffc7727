package assembly

import "slices"

// Program is the name of the container that serves the requests of a service, which
// is the service's name in the catalog. Without a target group it is the first essential
// container of its tasks.
func (s Service) Program() string {
	for _, attachment := range s.Attachments {
		return attachment.Container
	}
	return s.first
}

// nameWorkers finds the programs of services without a target group.
func (s *Stage) nameWorkers() {
	for i, service := range s.Services {
		task, _ := Find(s.TaskDefinitions, service.TaskDefinition)
		if first := slices.IndexFunc(task.Containers, func(c Container) bool { return c.Essential }); first >= 0 {
			s.Services[i].first = task.Containers[first].Name
		}
	}
}

// Program returns the name of the program that the targets of a target group run,
// and an empty name when no service registers tasks in the group.
func (s *Stage) Program(targetGroup string) string {
	for _, service := range s.Services {
		for _, attachment := range service.Attachments {
			if attachment.TargetGroup == targetGroup {
				return attachment.Container
			}
		}
	}
	return ""
}

// TaskRoles returns the roles of the programs, by the programs' names.
func (s *Stage) TaskRoles() map[string]Role {
	return s.rolesOf(func(task TaskDefinition) string { return task.TaskRole })
}

// ExecutionRoles returns the roles with which ECS starts programs, by the programs'
// names.
func (s *Stage) ExecutionRoles() map[string]Role {
	return s.rolesOf(func(task TaskDefinition) string { return task.ExecutionRole })
}

func (s *Stage) rolesOf(arn func(TaskDefinition) string) map[string]Role {
	tasks, all := map[string]TaskDefinition{}, map[string]Role{}
	for _, task := range s.TaskDefinitions {
		tasks[task.Identity()] = task
	}
	for _, role := range s.Roles {
		all[role.ARN()] = role
	}
	roles := map[string]Role{}
	for _, service := range s.Services {
		if role, ok := all[arn(tasks[service.TaskDefinition])]; ok {
			roles[service.Program()] = role
		}
	}
	return roles
}

// Statements returns the statements of all policies of the role.
func (r Role) Statements() []Statement {
	var all []Statement
	for _, policy := range r.Policies {
		all = append(all, policy.Statements...)
	}
	return all
}
