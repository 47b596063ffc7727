package assembly

// Program is the name of the container that serves a service's requests, which is
// the service's name in the catalog, and empty when none does.
func (s Service) Program() string {
	for _, attachment := range s.Attachments {
		return attachment.Container
	}
	return ""
}

// Program is the name of the program that a target group's targets run.
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

// TaskRoles are the roles that programs act as, by the programs' names.
func (s *Stage) TaskRoles() map[string]Role {
	return s.rolesOf(func(task TaskDefinition) string { return task.TaskRole })
}

// ExecutionRoles are the roles that ECS starts programs as, by the programs' names.
func (s *Stage) ExecutionRoles() map[string]Role {
	return s.rolesOf(func(task TaskDefinition) string { return task.ExecutionRole })
}

func (s *Stage) rolesOf(arn func(TaskDefinition) string) map[string]Role {
	roles := map[string]Role{}
	for _, service := range s.Services {
		for _, task := range s.TaskDefinitions {
			for _, role := range s.Roles {
				if task.Identity() == service.TaskDefinition && role.ARN() == arn(task) {
					roles[service.Program()] = role
				}
			}
		}
	}
	return roles
}

// Statements are those of all the role's policies.
func (r Role) Statements() []Statement {
	var all []Statement
	for _, policy := range r.Policies {
		all = append(all, policy.Statements...)
	}
	return all
}
