package diff

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"example.com/strangler/test/internal/assembly"
)

// programOf is the name of the service whose stack it is, or else the stack's ID.
func programOf(stage *assembly.Stage, stack string) string {
	for _, service := range stage.Services {
		if service.Stack == stack {
			return service.Program()
		}
	}
	return stack
}

// owner is the service of the resource's stack or, for a table in a stack that all
// share, the one that the table's id begins with; or else the stack's ID.
func owner(stage *assembly.Stage, r assembly.Resource) string {
	for _, service := range stage.Services {
		if strings.HasPrefix(r.LogicalID, service.Stack+"Table") && noun(r.Type) == "table" {
			return service.Program()
		}
	}
	return programOf(stage, r.Stack)
}

// kindOf names a resource by its type and owner: "table of alpha".
func kindOf(stage *assembly.Stage, r assembly.Resource) string {
	return fmt.Sprintf("%s of %s", name(noun(r.Type)), name(owner(stage, r)))
}

// called is kindOf, with the logical id where the owner has several of the type.
func called(stage *assembly.Stage, r assembly.Resource) string {
	alike := 0
	for other := range stage.Resources(r.Type) {
		if owner(stage, other) == owner(stage, r) {
			alike++
		}
	}
	if alike > 1 {
		return kindOf(stage, r) + " " + code(r.LogicalID)
	}
	return kindOf(stage, r)
}

// calledRole names a role by its use and owner: "task role of alpha".
func calledRole(stage *assembly.Stage, role assembly.Role) string {
	for kind, roles := range map[string]map[string]assembly.Role{"task role": stage.TaskRoles(), "execution role": stage.ExecutionRoles()} {
		for program, other := range roles {
			if other.Identity() == role.Identity() {
				return fmt.Sprintf("%s of %s", kind, name(program))
			}
		}
	}
	return called(stage, role.Resource)
}

// reference is a resource of the environment in a resolved text, ${Data.AlphaTable},
// with or without an attribute.
var reference = regexp.MustCompile(`\$\{(\w+\.\w+)(?:\.\w+)*\}`)

// referred are the resources that a text refers to.
func referred(stage *assembly.Stage, text string) []assembly.Resource {
	var all []assembly.Resource
	for _, match := range reference.FindAllStringSubmatch(text, -1) {
		if r, ok := stage.Resource("${" + match[1] + "}"); ok {
			all = append(all, r)
		}
	}
	return all
}

func refersTo(text string, r assembly.Resource) bool {
	return slices.ContainsFunc(
		reference.FindAllStringSubmatch(text, -1),
		func(match []string) bool { return "${"+match[1]+"}" == r.Identity() },
	)
}

// calledText names the resource, or the index of a table, that is the whole of a text.
// Any other text stays as it is.
func calledText(stage *assembly.Stage, text string) string {
	arn, index, _ := strings.Cut(text, "/index/")
	resources := referred(stage, arn)
	switch {
	case len(resources) != 1 || reference.FindString(arn) != arn:
		return code(text)
	case index != "":
		return fmt.Sprintf("its index %s", code(index))
	}
	return called(stage, resources[0])
}

// noun is the plain name of a resource's type: "target group".
func noun(resourceType string) string {
	last := resourceType[strings.LastIndex(resourceType, ":")+1:]
	if strings.HasPrefix(resourceType, "AWS::DynamoDB::") {
		return "table"
	}
	return strings.ToLower(wordBreak.ReplaceAllString(last, "$1$3 $2$4"))
}

// wordBreak is within "TargetGroup" and "VPCEndpoint".
var wordBreak = regexp.MustCompile(`([a-z0-9])([A-Z])|([A-Z])([A-Z][a-z])`)
