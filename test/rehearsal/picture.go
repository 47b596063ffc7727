package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/strangler/services"
	"example.com/strangler/test/internal/alb"
	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/cloudformation"
	"example.com/strangler/test/rehearsal/page"
)

// State implements page.Rehearsal.
func (s *show) State() page.State {
	traffic := s.recorder.traffic(time.Now().Unix())
	rules, programs := s.region.Rules()
	connections := s.meter.read(s.region.Connections(), time.Now())
	s.mu.Lock()
	defer s.mu.Unlock()
	state := page.State{Name: s.catalog.Name, Traffic: traffic, Answers: s.recorder.last(), Connections: connections, Deployment: s.deployment}
	state.Timeline = s.timeline.last()
	state.Deployment.Log = slices.Clone(s.deployment.Log)
	for _, service := range s.catalog.All() {
		state.Services = append(state.Services, s.service(service, traffic))
	}
	for _, rule := range rules {
		state.Rules = append(state.Rules, ruleOf(rule, programs))
	}
	return state
}

// Logs implements page.Rehearsal.
func (s *show) Logs(program string) (logs []page.Log, ok bool) {
	if s.catalog.Find(program) == nil {
		return nil, false
	}
	for _, log := range s.region.Logs(program) {
		logs = append(logs, page.Log(log))
	}
	return logs, true
}

func (s *show) service(service services.Service, traffic page.Traffic) page.Service {
	shown := page.Service{Name: service.Name, Phase: s.step.phases[service.Name], Phases: phasesOf(s.catalog, service.Name)}
	for _, r := range service.Routes {
		only := slices.Concat(r.Verbs, r.Hosts)
		if key := r.Key(service.Name); r.Name != "" {
			route := page.Route{Name: key, Phase: s.step.phases[key], Phases: phasesOf(s.catalog, key), Paths: r.Paths, Only: only}
			shown.Routes = append(shown.Routes, route)
			continue
		}
		if len(shown.Paths) == 0 {
			shown.Only = only
		}
		shown.Paths = append(shown.Paths, r.Paths...)
	}
	for _, t := range s.region.Tasks() {
		if t.Service == service.Name {
			shown.Deployed = true
			shown.Tasks = append(shown.Tasks, page.Task{Address: t.Address, State: string(t.State)})
		}
	}
	for _, series := range traffic.Series {
		if n := len(series.Requests); series.Program == service.Name && n > 0 {
			shown.RequestsPerSecond, shown.ErrorsPerSecond = series.Requests[n-1], series.Errors[n-1]
		}
	}
	return shown
}

// phasesOf are the words that a person can choose from. A worker has none, and a route is
// not strangled by itself.
func phasesOf(c services.Catalog, key string) []string {
	program := c.Find(key)
	if program != nil && program.IsWorker() {
		return []string{}
	}
	if key == c.Monolith.Name {
		return []string{string(services.Serving), string(services.Drained), string(services.Retired)}
	}
	var words []string
	for _, p := range []services.Phase{
		services.Dark, {Share: 10}, {Share: 25}, {Share: 50}, {Share: 75}, {Share: 90}, services.Live, services.Strangled,
	} {
		if p != services.Strangled || program != nil {
			words = append(words, p.String())
		}
	}
	return words
}

func ruleOf(rule alb.Rule, programs map[string]string) page.Rule {
	stack, id := resourceName(rule.ID)
	shown := page.Rule{Stack: stack, ID: id, Priority: rule.Priority, Rewrite: rewriteOf(rule), Live: true}
	for _, condition := range rule.Conditions {
		if _, ok := condition.(alb.HTTPHeader); ok {
			shown.Live = false
		}
		shown.Conditions = append(shown.Conditions, conditionOf(condition))
	}
	for _, group := range slices.Sorted(maps.Keys(rule.Shares())) {
		shown.Shares = append(shown.Shares, page.Share{Program: programs[group], Percent: 100 * rule.Shares()[group]})
	}
	if fixed, ok := rule.Action.(alb.FixedResponse); ok {
		shown.Answer = strconv.Itoa(fixed.StatusCode)
	}
	return shown
}

func conditionOf(condition alb.Condition) page.Condition {
	switch c := condition.(type) {
	case alb.PathPattern:
		return page.Condition{Kind: "path", Values: c}
	case alb.HostHeader:
		return page.Condition{Kind: "host", Values: c}
	case alb.HTTPRequestMethod:
		return page.Condition{Kind: "verb", Values: c}
	case alb.HTTPHeader:
		return page.Condition{Kind: "header", Name: c.Name, Values: c.Values}
	case alb.SourceIP:
		shown := page.Condition{Kind: "source"}
		for _, block := range c {
			shown.Values = append(shown.Values, block.String())
		}
		return shown
	case alb.QueryString:
		shown := page.Condition{Kind: "query"}
		for _, pair := range c {
			shown.Values = append(shown.Values, pair.Key+"="+pair.Value)
		}
		return shown
	}
	return page.Condition{Kind: fmt.Sprintf("%T", condition)}
}

func rewriteOf(rule alb.Rule) string {
	if rule.Rewrite == nil {
		return ""
	}
	return fmt.Sprintf("%s → %s", rule.Rewrite.Regex, rule.Rewrite.Replace)
}

// resourceName reads an identity such as ${Alpha.AlphaLiveRuleB368C277}.
func resourceName(identity string) (stack, id string) {
	stack, id, _ = strings.Cut(strings.Trim(identity, "${}"), ".")
	return stack, id
}

// changes are what a deployment of the stage will do, in words.
func (s *show) changes(stage *assembly.Stage) []page.Change {
	var changes []page.Change
	for _, id := range s.account.Deployed() {
		if _, kept := stage.Stack(id); !kept {
			changes = append(changes, page.Change{Stack: id, Resource: "the whole stack", Action: words(cloudformation.Delete)})
		}
	}
	for _, c := range s.account.Changes(stage) {
		resource := c.To
		if c.Action == cloudformation.Delete {
			resource = c.From
		}
		changes = append(changes, page.Change{
			Stack:    resource.Stack,
			Resource: nameOf(stage, resource),
			Action:   actionOf(c),
			Detail:   s.detail(stage, c),
		})
	}
	return changes
}

func actionOf(c cloudformation.Change) string {
	if c.Replaces {
		return "replace"
	}
	return words(c.Action)
}

// nameOf is a resource's construct in its stack, such as "Alpha/LiveRule".
func nameOf(stage *assembly.Stage, r assembly.Resource) string {
	path := strings.TrimPrefix(r.Path, stage.Name+"/"+r.Stack+"/")
	return cmp.Or(strings.TrimSuffix(path, "/Resource"), r.LogicalID)
}

// words are what CloudFormation writes in capitals.
func words[T ~string](capitals T) string {
	return strings.ToLower(strings.ReplaceAll(string(capitals), "_", " "))
}

// detail says what a change of a listener rule does to its shares.
func (s *show) detail(stage *assembly.Stage, c cloudformation.Change) string {
	from, to := sharesIn(s.stage, c.From), sharesIn(stage, c.To)
	switch {
	case from == "" || to == "":
		return from + to
	default:
		return from + " → " + to
	}
}

// sharesIn are the paths and the shares of a listener rule of a stage, and "" for
// anything else.
func sharesIn(stage *assembly.Stage, r assembly.Resource) string {
	if stage == nil || r.LogicalID == "" {
		return ""
	}
	programs := map[string]string{}
	for _, service := range stage.Services {
		for _, attachment := range service.Attachments {
			programs[attachment.TargetGroup] = attachment.Container
		}
	}
	for _, rule := range stage.ListenerRules {
		if rule.Identity() != r.Identity() {
			continue
		}
		shown := ruleOf(rule.Rule, programs)
		var shares []string
		for _, share := range shown.Shares {
			shares = append(shares, fmt.Sprintf("%s %.0f %%", share.Program, share.Percent))
		}
		return matching(shown.Conditions) + ": " + strings.Join(shares, ", ")
	}
	return ""
}

// matching are conditions in a line, such as "/api/alpha, /api/alpha/*, GET or HEAD".
func matching(conditions []page.Condition) string {
	var all []string
	for _, c := range conditions {
		switch c.Kind {
		case "path":
			all = append(all, c.Values...)
		case "header":
			all = append(all, c.Name+": "+strings.Join(c.Values, " or "))
		default:
			all = append(all, strings.Join(c.Values, " or "))
		}
	}
	return strings.Join(all, ", ")
}
