package assembly

import (
	"cmp"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"example.com/strangler/stacks/template"
)

// Stack is one template and its environment, with its references resolved.
type Stack struct {
	// ID is the construct's name, such as "Orders", unique in its stage.
	ID string
	// Name is the stack's name in CloudFormation, such as "shop-dev-Orders".
	Name string
	// Account and Region are empty when synthesis leaves them open.
	Account, Region string
	// TerminationProtection is whether CloudFormation refuses to delete the stack.
	TerminationProtection bool
	// Dependencies are the IDs of the stacks that CloudFormation deploys first, sorted.
	Dependencies []string
	// Template is the stack's template, with references as they are written.
	template.Template
	// Resources are those of the template, resolved, in the order of their logical ids.
	Resources []Resource
	// Outputs are those of the template, resolved, in the order of their logical ids.
	Outputs []*Output

	paths map[string]string
	order []string
}

// Resource is a resource of a template, with every reference resolved.
type Resource struct {
	// Stack is the ID of the stack that declares it.
	Stack     string
	LogicalID string
	// Path is the construct's path, such as "shop-dev/Orders/Service/Service",
	// and empty when the assembly does not say it.
	Path string
	// Type is CloudFormation's, such as "AWS::ECS::Service".
	Type string
	// Properties are the resolved properties as encoding/json would decode them.
	Properties map[string]any
	// DependsOn are the logical ids that the template names as such.
	DependsOn []string
	// Requires are the logical ids of all resources that CloudFormation creates first:
	// DependsOn and those that properties refer to, sorted.
	Requires []string
	// DeletionPolicy and UpdateReplacePolicy are empty when the template leaves
	// them out, which means Delete for most types.
	DeletionPolicy, UpdateReplacePolicy string
}

// Identity is the value of every reference to the resource, in every stack.
func (r Resource) Identity() string { return identity(r.Stack, r.LogicalID) }

// Decode fills v, a pointer to a struct with the fields that the caller needs,
// from the properties. It fails on a property of another type than its field.
func (r Resource) Decode(v any) error { return decode(r.Properties, v) }

func identity(stack, name string) string { return "${" + stack + "." + name + "}" }

// Output is an output of a stack.
type Output struct {
	// ID is the logical id.
	ID string
	// Value is the resolved value.
	Value string
	// Export is the name under which other stacks import it, and empty without one.
	Export string
	// ReadBy are the IDs of the stacks that import it or read it, sorted.
	ReadBy []string
}

// Resource returns the resource with that logical id.
func (s *Stack) Resource(logicalID string) (Resource, bool) {
	i, found := slices.BinarySearchFunc(s.Resources, logicalID, func(r Resource, id string) int {
		return cmp.Compare(r.LogicalID, id)
	})
	if !found {
		return Resource{}, false
	}
	return s.Resources[i], true
}

func readStack(dir, id string, a artifact) (*Stack, error) {
	s := &Stack{
		ID:                    path.Base(cmp.Or(a.DisplayName, id)),
		Name:                  cmp.Or(a.Properties.StackName, id),
		TerminationProtection: a.Properties.TerminationProtection,
	}
	s.Account, s.Region, _ = strings.Cut(strings.TrimPrefix(a.Environment, "aws://"), "/")
	s.Account = strings.TrimPrefix(s.Account, "unknown-account")
	s.Region = strings.TrimPrefix(s.Region, "unknown-region")

	var err error
	if s.Template, err = template.Read(filepath.Join(dir, a.Properties.TemplateFile)); err != nil {
		return nil, err
	}
	if a.AdditionalMetadataFile != "" {
		s.paths, err = readPaths(filepath.Join(dir, a.AdditionalMetadataFile))
	}
	return s, err
}

// readPaths returns the constructs' paths by logical id.
func readPaths(file string) (map[string]string, error) {
	var metadata map[string][]struct {
		Type string
		Data any
	}
	if err := readJSON(file, &metadata); err != nil {
		return nil, err
	}
	paths := map[string]string{}
	for constructPath, entries := range metadata {
		for _, entry := range entries {
			if id, ok := entry.Data.(string); ok && entry.Type == "aws:cdk:logicalId" {
				paths[id] = strings.TrimPrefix(constructPath, "/")
			}
		}
	}
	return paths, nil
}
