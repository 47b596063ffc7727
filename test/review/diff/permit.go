package diff

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/wildcard"
)

// permit is one action on one resource that a statement allows or denies.
type permit struct {
	effect string
	// principal is empty in a role's own policies, where it is the role.
	principal        string
	action, resource string
	// condition is what the statement makes itself depend on. Empty means nothing.
	condition string
}

// covers reports whether every request of the other permit is one of this permit too.
// In doubt it is false, so a statement in another form may look new, and a new one never
// looks old.
func (p permit) covers(q permit) bool {
	return p.effect == q.effect &&
		(p.principal == q.principal || p.principal == anyPrincipal) &&
		(p.condition == "" || p.condition == q.condition) &&
		spans(strings.ToLower(p.action), strings.ToLower(q.action)) && spans(p.resource, q.resource)
}

// anyPrincipal is also one without an account.
const anyPrincipal = "AWS *"

// spans reports whether one pattern matches everything that the other matches. A ?
// would match the * of the other pattern, which stands for more than one character.
func spans(pattern, other string) bool {
	return pattern == other || !strings.Contains(pattern, "?") && !strings.HasPrefix(pattern, but) && wildcard.Match(pattern, other)
}

// but begins a permit for everything else.
const but = "all but "

// permitsOf takes a statement apart.
func permitsOf(s assembly.Statement) []permit {
	var all []permit
	for _, principal := range principals(s) {
		for _, action := range patterns(s.Action, s.NotAction) {
			for _, resource := range patterns(s.Resource, s.NotResource) {
				all = append(all, permit{s.Effect, principal, action, resource, conditionOf(s)})
			}
		}
	}
	return all
}

func patterns(named, excluded assembly.Strings) []string {
	if len(excluded) > 0 {
		return []string{but + strings.Join(slices.Sorted(slices.Values(excluded)), " and ")}
	}
	if len(named) == 0 {
		return []string{""}
	}
	return named
}

func principals(s assembly.Statement) []string {
	all := slices.Concat(byKind("", s.Principal), byKind(but, s.NotPrincipal))
	if len(all) == 0 {
		return []string{""}
	}
	return all
}

func byKind(prefix string, p assembly.Principal) []string {
	var all []string
	for _, kind := range slices.Sorted(maps.Keys(p)) {
		for _, who := range p[kind] {
			if who == "*" {
				kind = "AWS"
			}
			all = append(all, prefix+kind+" "+who)
		}
	}
	return all
}

func conditionOf(s assembly.Statement) string {
	var all []string
	for operator, keys := range s.Condition {
		for key, values := range keys {
			all = append(all, fmt.Sprintf("%s %s %s", operator, key, strings.Join(slices.Sorted(slices.Values(values)), " or ")))
		}
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

// statementsIn are the statements of every policy in a value, at any depth.
func statementsIn(value any) ([]assembly.Statement, error) {
	var all []assembly.Statement
	var search func(value any) error
	search = func(value any) error {
		switch v := value.(type) {
		case []any:
			for _, element := range v {
				if err := search(element); err != nil {
					return err
				}
			}
		case map[string]any:
			if statements, ok := policy(v); ok {
				return appendStatements(&all, statements)
			}
			for _, key := range slices.Sorted(maps.Keys(v)) {
				if err := search(v[key]); err != nil {
					return err
				}
			}
		}
		return nil
	}
	return all, search(value)
}

// policy returns the statements of a policy: a list, or a single statement. A value
// without an effect is no policy, such as the statement of a firewall's rule.
func policy(value map[string]any) (statements []any, ok bool) {
	statements, ok = value["Statement"].([]any)
	if !ok {
		statements = []any{value["Statement"]}
	}
	return statements, slices.ContainsFunc(statements, func(s any) bool {
		statement, _ := s.(map[string]any)
		return statement["Effect"] != nil
	})
}

func appendStatements(all *[]assembly.Statement, list []any) error {
	text, err := json.Marshal(list)
	if err != nil {
		return err
	}
	var statements []assembly.Statement
	if err := json.Unmarshal(text, &statements); err != nil {
		return err
	}
	*all = append(*all, statements...)
	return nil
}
