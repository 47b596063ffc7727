package test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"example.com/strangler/services"
	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/network"
	"example.com/strangler/test/internal/synth"
)

// Which program may call which, for a reviewer to read.
func TestConnectionsSnapshot(t *testing.T) {
	everywhere := inEverySituation(t, func() *synth.App { return shipped(t) })
	compareText(t, "testdata/connections.txt", ofEachStage(t, func(stage *assembly.Stage) string {
		return connectionsText(stage, everywhere[stage.Name])
	}))
}

// possible are the situations in which each connection of a stage is there, in their order.
type possible map[network.Connection][]situation

// inEverySituation synthesizes an app in each situation and returns what is possible in each
// of its stages. No service calls a monolith that is retired: synthesis refuses that.
func inEverySituation(t testing.TB, app func() *synth.App) map[string]possible {
	t.Helper()
	all := map[string]possible{}
	for _, s := range situations {
		a := app()
		everyoneAt(s.phase, s.monolith)(a)
		if s.monolith == services.Retired {
			dropCalls(a, a.Catalog.Monolith.Name)
		}
		for _, stage := range synthesized(t, a).Stages {
			if all[stage.Name] == nil {
				all[stage.Name] = possible{}
			}
			for _, c := range network.Connections(stage) {
				all[stage.Name][c] = append(all[stage.Name][c], s)
			}
		}
	}
	return all
}

// dropCalls removes the calls to a program from an app.
func dropCalls(app *synth.App, callee string) {
	for i := range app.Catalog.Services {
		calls := slices.Clone(app.Catalog.Services[i].Calls)
		app.Catalog.Services[i].Calls = slices.DeleteFunc(calls, func(name string) bool { return name == callee })
	}
}

// connectionsText lists the connections of a stage, with the phases in which the same
// templates would have them.
func connectionsText(stage *assembly.Stage, when possible) string {
	var text strings.Builder
	fmt.Fprintf(&text, "Which program of %s may call which. "+
		"A call goes to the tasks of the callee, whichever program has its paths.\n\n", stage.Name)
	row := func(cells ...any) {
		fmt.Fprintln(&text, strings.TrimRight(fmt.Sprintf("%-12v%-12v%-12v%-20v%-20v%v", cells...), " "))
	}
	row("caller", "callee", "port", "variable", "address", "possible")
	connections := network.Connections(stage)
	slices.SortFunc(connections, func(a, b network.Connection) int {
		return strings.Compare(a.Caller+" "+a.Callee, b.Caller+" "+b.Callee)
	})
	for _, c := range connections {
		row(c.Caller, c.Callee, fmt.Sprintf("tcp %d", c.Port), c.Variable, c.URL, phasesText(when[c]))
	}
	if len(connections) == 0 {
		fmt.Fprintln(&text, "none")
	}
	return text.String()
}

// phasesText is the first and the last of the situations.
func phasesText(when []situation) string {
	if len(when) == 0 {
		return "never"
	}
	text := "from " + when[0].phase + " on"
	next := map[services.MonolithPhase]services.MonolithPhase{services.Serving: services.Drained, services.Drained: services.Retired}
	if end, ok := next[when[len(when)-1].monolith]; ok {
		text += ", until the monolith is " + string(end)
	}
	return text
}

// A connection is there in every phase, and one of the monolith until it is retired. Without
// a way for packets it is not.
func TestConnectionsText(t *testing.T) {
	interconnected := func() *synth.App {
		return neutral(t,
			editService("alpha", func(s *services.Service) { s.Calls = []string{"legacy"} }),
			editService("legacy", func(s *services.Service) { s.Calls = []string{"beta"} }))
	}
	stage := onlyStage(t, synthesized(t, interconnected()))
	when := inEverySituation(t, interconnected)[stage.Name]
	want := []string{
		"caller      callee      port        variable            address             possible",
		"alpha       legacy      tcp 12080   LEGACY_URL          http://legacy       from dark on, until the monolith is retired",
		"gamma       alpha       tcp 12080   ALPHA_URL           http://alpha        from dark on",
		"legacy      beta        tcp 12080   BETA_URL            http://beta         from dark on, until the monolith is retired",
	}
	assert.Equal(t, want, strings.Split(strings.TrimSpace(connectionsText(stage, when)), "\n")[2:])

	closed := mutate(t, stage, "Gamma", func(resources map[string]any) {
		ofType(resources, "AWS::EC2::SecurityGroupIngress")[0]["ToPort"] = 1
		for _, rule := range ofType(resources, "AWS::EC2::SecurityGroupEgress") {
			rule["FromPort"], rule["ToPort"] = 1, 1
		}
	})
	assert.NotContains(t, connectionsText(closed, when), "gamma")
}

// A port has a name where something calls it, and nowhere else: its template is that of a
// service without connections.
func TestOnlyCalleesNameTheirPort(t *testing.T) {
	stage := assemble(t, editService("alpha", func(s *services.Service) { s.Calls = []string{"legacy"} }))
	named := map[string]bool{}
	for _, task := range stage.TaskDefinitions {
		for _, container := range task.Containers {
			named[container.Name] = container.PortNames != nil
		}
	}
	assert.Equal(t, map[string]bool{"alpha": true, "beta": false, "gamma": false, "collector": false, "legacy": true, "omega": false}, named)
}
