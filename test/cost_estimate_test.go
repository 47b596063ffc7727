package test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"example.com/strangler/services"
	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/cost"
)

func estimated(t *testing.T, stage *assembly.Stage) cost.Estimate {
	t.Helper()
	estimate, err := cost.Of(stage)
	if err != nil {
		t.Fatal(err)
	}
	return estimate
}

// Whatever the phases are, and whoever uses the environment, somebody has said what
// each of its resources costs.
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
		"twice the tasks": {func(s *services.Service) { s.Scaling.Min = 4 }, []string{"4 × 0.25 FARGATE vCPU, ARM64", "4 × 0.5 FARGATE GB, ARM64", "4 × 46 Container Insights metric, of a task"}},
		"twice the CPU":   {func(s *services.Service) { s.CPU, s.Memory = 512, 1024 }, []string{"2 × 0.5 FARGATE vCPU, ARM64", "2 FARGATE GB, ARM64"}},
		"another maximum": {func(s *services.Service) { s.Scaling.Max = 20 }, nil},
	} {
		after := estimated(t, assemble(t, everyoneAt("live", services.Serving), editService("beta", test.edit)))
		got := dearer(before, after)
		if want := len(test.want) > 0; !slices.Equal(got["Beta"], test.want) || len(got) > 1 || (before.String() != after.String()) != want {
			t.Errorf("%s adds %v, want %v to Beta and a change of the text: %v", name, got, test.want, want)
		}
	}
}

// A gateway that nobody asked for shows, whoever adds it.
func TestGatewayShowsInTheCost(t *testing.T) {
	live := situation{"live", services.Serving}
	before := estimated(t, at(t, live))
	asked := estimated(t, assemble(t, everyoneAt("live", services.Serving), environment("natGateways", 1)))
	slipped := estimated(t, mutated(t, live, "Platform", func(resources map[string]any) {
		resources["Slipped"] = map[string]any{"Type": "AWS::EC2::NatGateway"}
	}))
	if got := dearer(before, asked); !maps.EqualFunc(got, map[string][]string{cost.Shared: {"1 NAT gateway", "3 public IPv4 address"}}, slices.Equal) {
		t.Errorf("a gateway adds %v", got)
	}
	if gone := dearer(asked, before)[cost.Shared]; !slices.Contains(gone, "3 × 2 interface endpoint, in a zone") {
		t.Errorf("a gateway leaves no endpoint to pay for, but only %v is gone", gone)
	}
	if !strings.Contains(slipped.String(), "NAT gateway  ") || slipped.Total() != before.Total()+3504 {
		t.Errorf("a gateway slips in:\n%v", slipped)
	}
}

// A type that nobody has said the cost of does not slip in as free.
func TestUnknownTypeHasNoCost(t *testing.T) {
	stage := mutated(t, situation{"live", services.Serving}, "Alpha", func(resources map[string]any) {
		resources["Cache"] = map[string]any{"Type": "AWS::ElastiCache::ServerlessCache"}
	})
	if _, err := cost.Of(stage); err == nil || !strings.Contains(err.Error(), "stack Alpha: AWS::ElastiCache::ServerlessCache Cache") {
		t.Errorf("error %v", err)
	}
}

// What the README compares is what the templates say, of the same services in two
// networks.
func TestReadmeCostIsTheTemplates(t *testing.T) {
	stage, err := asShipped(t).Stage("fixture-dev")
	if err != nil {
		t.Fatal(err)
	}
	ours, byDefault := estimated(t, stage), estimated(t, inDefaultNetwork(t))
	for _, different := range []map[string][]string{dearer(ours, byDefault), dearer(byDefault, ours)} {
		if delete(different, cost.Shared); len(different) > 0 {
			t.Errorf("the networks differ in %v too: the services are not the same", different)
		}
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
