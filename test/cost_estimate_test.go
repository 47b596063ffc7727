package test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/services"
	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/cost"
)

func estimated(t *testing.T, stage *assembly.Stage) cost.Estimate {
	t.Helper()
	estimate, err := cost.Of(stage)
	require.NoError(t, err)
	return estimate
}

// Every resource of an environment has a cost, in every phase and also where people
// use it.
func TestEverythingHasACost(t *testing.T) {
	estimated(t, atPublic(t))
	for _, s := range situations {
		estimated(t, at(t, s))
	}
}

// dearer are the rows, as printed, that one estimate has and the other has not, by
// their group.
func dearer(before, after cost.Estimate) map[string][]string {
	lines := map[string][]string{}
	for _, row := range after.Rows {
		if !slices.Contains(before.Rows, row) {
			lines[row.Group] = append(lines[row.Group], row.Quantity()+" "+row.What)
		}
	}
	return lines
}

// A service that gets more pays for it alone, and the text shows it.
func TestMoreCostsItsOwnService(t *testing.T) {
	before := estimated(t, at(t, situation{"live", services.Serving}))
	for name, test := range map[string]struct {
		edit func(*services.Service)
		want []string
	}{
		"twice the tasks": {
			func(s *services.Service) { s.Scaling.Min = 4 },
			[]string{"4 × 0.25 FARGATE vCPU, ARM64", "4 × 0.5 FARGATE GB, ARM64", "4 × 46 Container Insights metric, of a task"},
		},
		"twice the CPU": {
			func(s *services.Service) { s.CPU, s.Memory = 512, 1024 },
			[]string{"2 × 0.5 FARGATE vCPU, ARM64", "2 FARGATE GB, ARM64"},
		},
		"another maximum": {func(s *services.Service) { s.Scaling.Max = 20 }, nil},
	} {
		after := estimated(t, assemble(t, everyoneAt("live", services.Serving), editService("beta", test.edit)))
		want := map[string][]string{}
		if test.want != nil {
			want["Beta"] = test.want
		}
		assert.Equal(t, want, dearer(before, after), name)
		assert.Equal(t, test.want != nil, before.String() != after.String(), "%s: the text changes", name)
	}
}

// A connection costs its two ends larger tasks and its caller an alarm, and another one of
// connected programs the alarm alone. The table has what that is for two default services.
func TestReadmeConnectionCostIsTheTemplates(t *testing.T) {
	calling := func(callees ...string) cost.Estimate {
		return estimated(t, assemble(t, everyoneAt("live", services.Serving),
			editService("gamma", func(s *services.Service) { s.Calls = nil }),
			editService("beta", func(s *services.Service) { s.Calls = callees })))
	}
	none, one, two := calling(), calling("alpha"), calling("alpha", "legacy")
	larger := []string{"2 × 0.5 FARGATE vCPU, ARM64", "2 FARGATE GB, ARM64"}
	assert.Equal(t, map[string][]string{"Alpha": larger, "Beta": append(larger, "1 × 4 alarm, by metric")}, dearer(none, one))
	assert.Equal(t, map[string][]string{"Beta": {"2 × 4 alarm, by metric"}}, dearer(one, two), "legacy has twice the smallest task already")

	alarm := two.Total() - one.Total()
	compareReadme(t, "| a connection | a month |", [][]string{
		{"tasks of twice the size for its caller, where they are the smallest", (one.Subtotal("Beta") - none.Subtotal("Beta") - alarm).String()},
		{"the same for its callee", (one.Subtotal("Alpha") - none.Subtotal("Alpha")).String()},
		{"its alarm", alarm.String()},
		{"the first connection of two programs, together", (one.Total() - none.Total()).String()},
	})
}

// A gateway shows in the cost, whether the environment asks for it or not.
func TestGatewayShowsInTheCost(t *testing.T) {
	live := situation{"live", services.Serving}
	before := estimated(t, at(t, live))
	asked := estimated(t, assemble(t, everyoneAt("live", services.Serving), environment("natGateways", 1)))
	slipped := estimated(t, mutated(t, live, "Platform", func(resources map[string]any) {
		resources["Slipped"] = map[string]any{"Type": "AWS::EC2::NatGateway"}
	}))
	assert.Equal(t, map[string][]string{cost.Shared: {"1 NAT gateway", "3 public IPv4 address"}}, dearer(before, asked), "what a gateway adds")
	gone := map[string][]string{cost.Shared: {"7 × 2 interface endpoint, in a zone", "2 public IPv4 address"}}
	assert.Equal(t, gone, dearer(asked, before), "what a gateway makes go")
	assert.Contains(t, slipped.String(), "NAT gateway  ", "a gateway slips in")
	assert.Equal(t, before.Total()+3504, slipped.Total(), "a gateway slips in")
}

// A type of resource without a known cost does not slip in as free.
func TestUnknownTypeHasNoCost(t *testing.T) {
	stage := mutated(t, situation{"live", services.Serving}, "Alpha", func(resources map[string]any) {
		resources["Cache"] = map[string]any{"Type": "AWS::ElastiCache::ServerlessCache"}
	})
	_, err := cost.Of(stage)
	assert.ErrorContains(t, err, "stack Alpha: AWS::ElastiCache::ServerlessCache Cache")
}

// What the README compares is what the templates say, of the same services in two
// networks.
func TestReadmeCostIsTheTemplates(t *testing.T) {
	stage := onlyStage(t, synthesized(t, onItsOwn(t)))
	ours, byDefault := estimated(t, stage), estimated(t, inDefaultNetwork(t))
	for _, different := range []map[string][]string{dearer(ours, byDefault), dearer(byDefault, ours)} {
		delete(different, cost.Shared)
		assert.Empty(t, different, "the services of the two networks are not the same")
	}
	compareReadme(t, "| what | as it ships | in the CDK's default VPC |", compared(ours, byDefault))
}

// compared has a row for each service, one for each thing that they share, and one
// for all together, with a column for each estimate.
func compared(estimates ...cost.Estimate) [][]string {
	var rows [][]string
	add := func(what string, sum func(cost.Estimate) cost.Cents) {
		row := []string{what}
		for _, e := range estimates {
			cell := ""
			if cents := sum(e); cents > 0 {
				cell = cents.String()
			}
			row = append(row, cell)
		}
		rows = append(rows, row)
	}
	for _, group := range estimates[0].Groups() {
		if group != cost.Shared {
			add(group, func(e cost.Estimate) cost.Cents { return e.Subtotal(group) })
		}
	}
	var shared []string
	for _, e := range estimates {
		for _, row := range e.Rows {
			if row.Group == cost.Shared && !slices.Contains(shared, row.What) {
				shared = append(shared, row.What)
			}
		}
	}
	for _, what := range shared {
		add(what, func(e cost.Estimate) (sum cost.Cents) {
			for _, row := range e.Rows {
				if row.Group == cost.Shared && row.What == what {
					sum += row.Month
				}
			}
			return sum
		})
	}
	add("together", cost.Estimate.Total)
	return rows
}
