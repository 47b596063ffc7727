package diff

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"example.com/strangler/test/internal/assembly"
)

// permissions says which permissions come and go, and separately which of them reach
// beyond what is the holder's own. A Deny that goes widens as an Allow that comes does.
func (c comparison) permissions() (lines, widened []string, err error) {
	before, err := holders(c.before)
	if err != nil {
		return nil, nil, err
	}
	after, err := holders(c.after)
	if err != nil {
		return nil, nil, err
	}
	for _, id := range union(before, after) {
		was, there := before[id]
		is, stays := after[id]
		if !stays {
			lines = append(lines, fmt.Sprintf("Permissions: the %s goes, with all its statements.", was.called))
			widened = append(widened, finding(was, say(c.before, was, "is no longer denied", c.bared(was)))...)
			continue
		}
		allowed, denied := byEffect(beyond(is.permits, was.permits))
		lost, lifted := byEffect(beyond(was.permits, is.permits))
		own, foreign := c.judge(is, !there, allowed)
		changes := slices.Concat(say(c.after, is, "may", own), say(c.before, was, "may no longer", lost), say(c.after, is, "is denied", denied))
		for _, line := range changes {
			lines = append(lines, "Permissions: "+line+".")
		}
		widened = append(
			widened,
			finding(is, slices.Concat(say(c.after, is, "may", foreign), say(c.before, was, "is no longer denied", lifted)))...)
	}
	return lines, widened, nil
}

func finding(h holder, widened []string) []string {
	var lines []string
	for _, line := range widened {
		lines = append(
			lines,
			fmt.Sprintf(
				"Stack %s: %s: this is beyond what is its own; take it back, or have the owner of the other side agree.",
				code(h.Stack),
				line,
			),
		)
	}
	return lines
}

// bared are the permits that a policy that goes no longer denies for a resource that stays.
func (c comparison) bared(h holder) []permit {
	_, denied := byEffect(h.permits)
	return slices.DeleteFunc(denied, func(p permit) bool {
		return h.role != nil || !slices.ContainsFunc(referred(c.before, p.resource), func(r assembly.Resource) bool {
			_, stays := c.after.Resource(r.Identity())
			return stays
		})
	})
}

// beyond are the permits of one list that the other does not cover.
func beyond(permits, others []permit) []permit {
	var all []permit
	for _, p := range permits {
		if !slices.ContainsFunc(others, func(o permit) bool { return o.covers(p) }) {
			all = append(all, p)
		}
	}
	return all
}

func byEffect(permits []permit) (allow, deny []permit) {
	for _, p := range permits {
		if p.effect == "Allow" {
			allow = append(allow, p)
		} else {
			deny = append(deny, p)
		}
	}
	return allow, deny
}

// judge divides what a holder is newly allowed into its own and the rest.
func (c comparison) judge(h holder, isNew bool, allowed []permit) (own, foreign []permit) {
	returns := c.returns(h)
	for _, p := range allowed {
		if p.principal == "" && (returns || c.own(h, p)) || p.principal != "" && isNew && (c.neighbour(p) || h.Type == endpoint) {
			own = append(own, p)
		} else {
			foreign = append(foreign, p)
		}
	}
	return own, foreign
}

// returns reports whether a role is the monolith's, and a service goes back from strangled:
// the monolith then has again what that took from it. The templates do not say whose a right
// is, so any other that it gets in the same step is a line and no finding.
func (c comparison) returns(h holder) bool {
	monolith, ok := monolithOf(c.after)
	if !ok || h.role == nil || h.Stack != monolith.Stack {
		return false
	}
	after := migrationOf(c.after).Services
	for service, phase := range migrationOf(c.before).Services {
		if to, stays := after[service]; phase.Strangled && stays && !to.Strangled {
			return true
		}
	}
	return false
}

// own reports whether a role may get a right without a finding: a right to what is in
// its own stack, except roles and policies, with which it could widen its own rights;
// to its own table; to the repository of its own image; an action without a resource;
// and, for the monolith, to a table that it still serves, as far as the service may.
func (c comparison) own(h holder, p permit) bool {
	if p.resource == "*" && slices.Contains(nameless, p.action) || h.role != nil && c.pulls(*h.role, p) {
		return true
	}
	resources := referred(c.after, p.resource)
	if len(resources) == 0 || strings.HasPrefix(p.resource, but) || strings.ContainsAny(p.resource[:strings.Index(p.resource, "${")], "*?") {
		return false
	}
	for _, r := range resources {
		mine := r.Stack == h.Stack || owner(c.after, r) == owner(c.after, h.Resource)
		if strings.HasPrefix(r.Type, "AWS::IAM::") || !mine && !c.lent(h, r, p) {
			return false
		}
	}
	return true
}

// nameless are the actions without a resource type that the controls let a role have:
// the registry's login, and sending traces.
var nameless = []string{"ecr:GetAuthorizationToken", "xray:PutTraceSegments"}

// pulls reports whether a permit is to pull the image of the task that the role starts.
func (c comparison) pulls(role assembly.Role, p permit) bool {
	for _, task := range c.after.TaskDefinitions {
		for _, container := range task.Containers {
			_, image, _ := strings.Cut(container.Image.Reference, "/")
			repository := image[:max(0, strings.LastIndex(image, ":"))]
			if task.ExecutionRole == role.ARN() && repository != "" && slices.Contains(pull, p.action) &&
				strings.HasSuffix(p.resource, ":repository/"+repository) {
				return true
			}
		}
	}
	return false
}

// https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policies.html
var pull = []string{"ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"}

// lent reports whether the monolith's role gets a right to a table that the role of the
// table's service has. The monolith has those rights until the service is strangled,
// and again on the way back.
func (c comparison) lent(h holder, table assembly.Resource, p permit) bool {
	roles := c.after.TaskRoles()
	service := owner(c.after, table)
	if noun(table.Type) != "table" || !slices.ContainsFunc(c.after.Services, func(s assembly.Service) bool {
		return isMonolith(c.after, s) && roles[s.Program()].Identity() == h.Identity()
	}) {
		return false
	}
	role, ok := roles[service]
	return ok && slices.ContainsFunc(rolePermits(role), func(o permit) bool { return o.covers(p) })
}

// neighbour reports whether a new holder may trust a principal without a finding: a
// service of AWS, a role of the environment, or the account, which leaves the decision
// to the policies of its roles.
func (c comparison) neighbour(p permit) bool {
	if strings.HasPrefix(p.principal, "Service ") || strings.HasPrefix(p.principal, "AWS ${") && len(referred(c.after, p.principal)) == 1 {
		return true
	}
	return slices.ContainsFunc(c.after.Stacks, func(s *assembly.Stack) bool {
		return p.principal == fmt.Sprintf("AWS arn:aws:iam::%s:root", cmp.Or(s.Account, "${AWS::AccountId}"))
	})
}

// say writes one sentence, without its full stop, for all permits that differ only in
// action and resource.
func say(stage *assembly.Stage, h holder, verb string, permits []permit) []string {
	ofResource := grouped(permits, func(p permit) permit { p.action = ""; return p })
	alike := grouped(ofResource, func(set []permit) permit {
		p := set[0]
		p.action, p.resource = actions(set), ""
		return p
	})
	var lines []string
	for _, sets := range alike {
		lines = append(lines, sentence(stage, h, verb, sets))
	}
	return lines
}

// grouped keeps items of one key together, in the order in which keys first come.
func grouped[T any, K comparable](items []T, key func(T) K) [][]T {
	var groups [][]T
	position := map[K]int{}
	for _, item := range items {
		i, ok := position[key(item)]
		if !ok {
			i = len(groups)
			position[key(item)] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], item)
	}
	return groups
}

// actions are those of permits, as code.
func actions(permits []permit) string {
	var all []string
	for _, p := range permits {
		all = append(all, p.action)
	}
	slices.Sort(all)
	return codes(slices.Compact(all))
}

// sentence is about sets of permits, one set for a resource, that are otherwise alike.
func sentence(stage *assembly.Stage, h holder, verb string, sets [][]permit) string {
	p := sets[0][0]
	line := "the " + h.called
	if p.principal != "" {
		line = code(p.principal)
	}
	line += " " + verb + " " + actions(sets[0])
	var resources []string
	for _, set := range sets {
		if set[0].resource != "" {
			resources = append(resources, calledText(stage, set[0].resource))
		}
	}
	if len(resources) > 0 {
		line += " on " + strings.Join(resources, ", ")
	}
	if p.principal != "" {
		line += ", says the " + h.called
	}
	if p.condition != "" {
		line += ", if " + code(p.condition)
	}
	return line
}
