package assembly

import (
	"errors"
	"slices"
	"strings"
)

// dependencyOrder returns the nodes so that each comes after all it requires,
// and otherwise in the order given. Requirements that are no nodes are ignored.
func dependencyOrder(nodes []string, requires func(node string) []string) ([]string, error) {
	var order, path []string
	var visit func(node string) error
	visit = func(node string) error {
		if slices.Contains(order, node) || !slices.Contains(nodes, node) {
			return nil
		}
		path = append(path, node)
		if start := slices.Index(path, node); start < len(path)-1 {
			return errors.New("cycle: " + strings.Join(path[start:], " → "))
		}
		for _, required := range requires(node) {
			if err := visit(required); err != nil {
				return err
			}
		}
		path = path[:len(path)-1]
		order = append(order, node)
		return nil
	}
	for _, node := range nodes {
		if err := visit(node); err != nil {
			return nil, err
		}
	}
	return order, nil
}

// CreationOrder returns the stack's resources in an order in which
// CloudFormation could create them one by one: each after those it names in
// DependsOn and those its properties refer to. Deletion is the reverse.
func (s *Stack) CreationOrder() []Resource {
	resources := make([]Resource, len(s.order))
	for i, logicalID := range s.order {
		resources[i], _ = s.Resource(logicalID)
	}
	return resources
}

// DependsOn reports whether CloudFormation creates the resource with the first
// logical id only after the second, because it requires it directly or through
// other resources.
func (s *Stack) DependsOn(logicalID, required string) bool {
	seen := map[string]bool{}
	var reaches func(from string) bool
	reaches = func(from string) bool {
		resource, _ := s.Resource(from)
		for _, next := range resource.Requires {
			if next == required {
				return true
			}
			if !seen[next] {
				seen[next] = true
				if reaches(next) {
					return true
				}
			}
		}
		return false
	}
	return reaches(logicalID)
}
