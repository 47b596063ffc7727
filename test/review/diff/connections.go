package diff

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"example.com/strangler/services"
	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/network"
)

// connections say which program may call which from now on, and which no longer.
func (c comparison) connections() []string {
	var lines []string
	before, after := connectionsOf(c.before), connectionsOf(c.after)
	for _, connection := range after {
		if !slices.Contains(before, connection) {
			lines = append(lines, fmt.Sprintf("%s may now call %s.", name(connection.Caller), name(connection.Callee)))
		}
	}
	for _, connection := range before {
		if !slices.Contains(after, connection) {
			lines = append(lines, fmt.Sprintf("%s may no longer call %s.", name(connection.Caller), name(connection.Callee)))
		}
	}
	return append(lines, c.waysOut()...)
}

// waysOut say which program may connect to what no template declares from now on, and
// which no longer.
func (c comparison) waysOut() []string {
	before, after := network.WaysOut(c.before), network.WaysOut(c.after)
	var lines []string
	for _, way := range after {
		if !slices.Contains(before, way) {
			lines = append(lines, fmt.Sprintf("%s may now connect to %s on %s.", name(way.From), code(way.To), way.Ports))
		}
	}
	for _, way := range before {
		if !slices.Contains(after, way) {
			lines = append(lines, fmt.Sprintf("%s may no longer connect to %s on %s.", name(way.From), code(way.To), way.Ports))
		}
	}
	return lines
}

// connectionsOf are those that the templates of a stage make possible, sorted.
func connectionsOf(stage *assembly.Stage) []services.Connection {
	var all []services.Connection
	for _, c := range network.Connections(stage) {
		all = append(all, services.Connection{Caller: c.Caller, Callee: c.Callee})
	}
	slices.SortFunc(all, func(a, b services.Connection) int { return strings.Compare(a.String(), b.String()) })
	return slices.Compact(all)
}

// calls are the findings about connections.
func (c comparison) calls() []string {
	return slices.Concat(c.circles(), c.imported(), c.untried(), c.goneDark(), c.unresolved())
}

// circles are findings of programs that call each other in a circle that was not there.
func (c comparison) circles() []string {
	before := circlesOf(c.before)
	var lines []string
	for _, circle := range circlesOf(c.after) {
		if !slices.ContainsFunc(before, func(b []string) bool { return slices.Equal(b, circle) }) {
			lines = append(lines, fmt.Sprintf("Connections go in a circle: %s. None of these programs can be deployed before those that "+
				"need it, and when one fails, all do: remove a call.", ring(circle)))
		}
	}
	return lines
}

// ring is a circle from its first program back to it.
func ring(circle []string) string {
	var names []string
	for _, program := range append(slices.Clone(circle), circle[0]) {
		names = append(names, name(program))
	}
	return strings.Join(names, " → ")
}

// circlesOf are the shortest ways from each program back to itself. Each circle is there
// once, from the first of its names on.
func circlesOf(stage *assembly.Stage) [][]string {
	callees := map[string][]string{}
	for _, c := range connectionsOf(stage) {
		callees[c.Caller] = append(callees[c.Caller], c.Callee)
	}
	var all [][]string
	for _, start := range union(callees, nil) {
		circle := wayBack(start, callees)
		if circle == nil || slices.Min(circle) != start {
			continue // the circle of another, or of none
		}
		all = append(all, circle)
	}
	return all
}

// wayBack is a shortest way from a program to itself, without its end, or nil.
func wayBack(start string, callees map[string][]string) []string {
	ways, seen := [][]string{{start}}, map[string]bool{}
	for len(ways) > 0 {
		way := ways[0]
		ways = ways[1:]
		for _, next := range callees[way[len(way)-1]] {
			if next == start {
				return way
			}
			if !seen[next] {
				seen[next] = true
				ways = append(ways, append(slices.Clone(way), next))
			}
		}
	}
	return nil
}

// imported are findings of callees whose security group goes out of their stack's exports
// while the stack of a former caller imports it. CloudFormation deletes no export in use. A
// caller that others called has its finding after theirs, so that the steps of all can be
// taken in this order.
//
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-exports.html
func (c comparison) imported() []string {
	var lines []string
	for _, callee := range slices.Backward(c.before.Services) {
		_, stays := c.after.Stack(callee.Stack)
		for _, group := range c.before.SecurityGroups {
			if !stays || group.Stack != callee.Stack || len(c.readersOf[c.after][group.Resource.Identity()]) > 0 {
				continue
			}
			if readers := c.readersOf[c.before][group.Resource.Identity()]; len(readers) > 0 {
				lines = append(lines, c.about(group.Resource, "%s no longer %s it. The stack of a caller imports the group until it is deployed "+
					"itself, so CloudFormation refuses to delete the export and the deployment fails. In two steps: %s",
					c.programs(readers), verb(readers, "calls", "call"), c.freeing(readers)))
			}
		}
	}
	return lines
}

// programs are the programs of some stacks.
func (c comparison) programs(stacks []string) string {
	var all []string
	for _, stack := range stacks {
		all = append(all, programOf(c.before, stack))
	}
	return names(all)
}

func verb(subjects []string, one, several string) string {
	if len(subjects) == 1 {
		return one
	}
	return several
}

// freeing are the steps after which no stack imports what goes. A stack that goes itself
// imports it until it is destroyed.
func (c comparison) freeing(readers []string) string {
	for _, stack := range readers {
		if _, stays := c.after.Stack(stack); !stays {
			return fmt.Sprintf("remove the calls alone, and %s; then make this change and deploy", c.deployAlone(readers))
		}
	}
	return c.deployAlone(readers) + "; then deploy everything"
}

// untried are findings of connections that come, or whose caller takes more traffic, while
// the callee has a smaller share of one of its routes than the caller has of one. A connection goes to the callee whatever
// its phase, so its calls are production traffic on a program that such a share has not tried.
// Until it is strangled, the monolith itself serves what it has the callee's table for.
func (c comparison) untried() []string {
	var lines []string
	before := connectionsOf(c.before)
	for _, connection := range connectionsOf(c.after) {
		caller, callee := connection.Caller, connection.Callee
		_, to := trafficOf(c.after, caller)
		tried, _ := trafficOf(c.after, callee)
		grows := c.grows(caller) || !slices.Contains(before, connection)
		if grows && tried < to && c.needs(connection) {
			lines = append(lines, fmt.Sprintf("Connection %s → %s: the caller is %s and the callee %s, so that production traffic goes to a "+
				"program that no such share has tried. In two steps: make %s %s and deploy; then make this change and deploy.",
				name(caller), name(callee), phaseWord(c.after, caller), phaseWord(c.after, callee), name(callee), services.Phase{Share: to}))
		}
	}
	return lines
}

// goneDark are findings of callees that go back to dark while a caller has traffic.
func (c comparison) goneDark() []string {
	var lines []string
	before := connectionsOf(c.before)
	for _, connection := range connectionsOf(c.after) {
		caller, callee := connection.Caller, connection.Callee
		_, to := trafficOf(c.after, caller)
		was, _ := trafficOf(c.before, callee)
		is, _ := trafficOf(c.after, callee)
		if !c.needs(connection) || was == 0 || is > 0 || to == 0 {
			continue
		}
		if c.grows(caller) || !slices.Contains(before, connection) {
			continue // untried has it
		}
		step := "make " + name(caller) + " dark too"
		if isMonolithCalled(c.after, caller) {
			step = "remove the call too"
		}
		lines = append(lines, fmt.Sprintf("Connection %s → %s: the callee goes back to dark and the caller is %s. Its calls still go to %s, "+
			"because a connection does not follow the phase: %s, unless only the paths of %s are to go back.",
			name(caller), name(callee), phaseWord(c.after, caller), name(callee), step, name(callee)))
	}
	return lines
}

// grows reports whether a program gets more of the requests of one of its routes.
func (c comparison) grows(program string) bool {
	leastBefore, mostBefore := trafficOf(c.before, program)
	least, most := trafficOf(c.after, program)
	return least > leastBefore || most > mostBefore
}

// needs reports whether a connection leads to a service, and not from a monolith that has
// the table of the service.
func (c comparison) needs(connection services.Connection) bool {
	if isMonolithCalled(c.after, connection.Callee) {
		return false
	}
	callee, _ := serviceOf(c.after, connection.Callee)
	_, shared := tableOf(c.after, callee)
	return !shared || !isMonolithCalled(c.after, connection.Caller)
}

// trafficOf are the least and the greatest percentage of the requests of a route that a
// program gets: all for a monolith that serves, none for one that is drained.
func trafficOf(stage *assembly.Stage, program string) (least, most int) {
	m := migrationOf(stage)
	phase, ok := m.Services[program]
	switch {
	case !ok && isMonolithCalled(stage, program) && m.Monolith == services.Serving:
		return 100, 100
	case !ok:
		return 0, 0
	}
	least, most = phase.Share, phase.Share
	for key, phase := range m.Routes {
		if service, _, _ := strings.Cut(key, "."); service == program {
			least, most = min(least, phase.Share), max(most, phase.Share)
		}
	}
	return least, most
}

// isMonolithCalled reports whether a program is the stage's monolith, which no phase tries.
func isMonolithCalled(stage *assembly.Stage, program string) bool {
	monolith, ok := monolithOf(stage)
	return ok && monolith.Program() == program
}

// phaseWord is the phase of a program in cdk.json, and those of its routes that have one.
func phaseWord(stage *assembly.Stage, program string) string {
	m := migrationOf(stage)
	phase, ok := m.Services[program]
	if !ok {
		return string(m.Monolith)
	}
	word := phase.String()
	for _, key := range slices.Sorted(maps.Keys(m.Routes)) {
		if service, route, _ := strings.Cut(key, "."); service == program {
			word += fmt.Sprintf(" (%s %s)", route, m.Routes[key])
		}
	}
	return word
}

// unresolved are findings of connections to a name that is new, by a caller whose stack does
// not come after that of the callee: "Existing tasks can't resolve and connect to the new
// endpoint. Only new tasks" can, and tasks that replace them no more than they. Others have
// seen running tasks learn of it, so it may go well.
//
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-connect-concepts-deploy.html
// https://github.com/aws/containers-roadmap/issues/2692
func (c comparison) unresolved() []string {
	var lines []string
	for _, connection := range connectionsOf(c.after) {
		caller, _ := serviceOf(c.after, connection.Caller)
		callee, _ := serviceOf(c.after, connection.Callee)
		if hasName(c.before, connection.Callee) || comesAfter(c.after, caller.Stack, callee.Stack) {
			continue
		}
		lines = append(lines, fmt.Sprintf("Connection %s → %s: the stack of the caller does not come after that of the callee, whose name is "+
			"new, and tasks may never resolve a name that came after their deployment: "+
			"https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-connect-concepts-deploy.html. "+
			"In two steps: deploy this; then start the tasks of %s anew, %s.",
			name(connection.Caller), name(connection.Callee), name(connection.Caller),
			code("aws ecs update-service --force-new-deployment --cluster CLUSTER --service SERVICE")))
	}
	return lines
}

func serviceOf(stage *assembly.Stage, program string) (assembly.Service, bool) {
	i := slices.IndexFunc(stage.Services, func(s assembly.Service) bool { return s.Program() == program })
	if i < 0 {
		return assembly.Service{}, false
	}
	return stage.Services[i], true
}

// hasName reports whether a program has a name in the namespace of connections.
func hasName(stage *assembly.Stage, program string) bool {
	service, ok := serviceOf(stage, program)
	return ok && service.Connect != nil && len(service.Connect.Endpoints) > 0
}

// comesAfter reports whether CloudFormation deploys a stack after another.
func comesAfter(stage *assembly.Stage, later, earlier string) bool {
	stack, _ := stage.Stack(later)
	return stack != nil && slices.ContainsFunc(stack.Dependencies, func(id string) bool {
		return id == earlier || comesAfter(stage, id, earlier)
	})
}
