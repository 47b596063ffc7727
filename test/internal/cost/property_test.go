package cost

import (
	"fmt"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"example.com/strangler/test/internal/assembly"
)

// anyStage has a service of any size, and any number of things beside it.
func anyStage(t *rapid.T) map[string]string {
	number := func(most int, what string) int { return rapid.IntRange(0, most).Draw(t, what) }
	strategies := []string{onDemand,
		`"CapacityProviderStrategy": [{"CapacityProvider": "FARGATE", "Base": 1, "Weight": 1}, {"CapacityProvider": "FARGATE_SPOT", "Weight": 3}]`}
	var shared []string
	for i := range number(4, "gateways") {
		shared = append(shared, resource(fmt.Sprint("Nat", i), "EC2::NatGateway", ""), resource(fmt.Sprint("Ip", i), "EC2::EIP", ""))
	}
	for i := range number(6, "endpoints") {
		zones := strings.Repeat(`"z",`, number(6, "zones")) + `"z"`
		shared = append(shared, resource(fmt.Sprint("Endpoint", i), "EC2::VPCEndpoint", `"VpcEndpointType": "Interface", "SubnetIds": [`+zones+`]`))
	}
	for i := range number(6, "alarms") {
		shared = append(shared, resource(fmt.Sprint("Alarm", i), "CloudWatch::Alarm", `"MetricName": "m", "Period": `+strconv.Itoa(10+number(1, "minute")*50)))
	}
	return map[string]string{
		"Users":    service(number(200, "tasks"), 256<<number(6, "vCPU"), 512*(1+number(239, "GB")), rapid.SampledFrom(strategies).Draw(t, "strategy")),
		"Platform": strings.Join(shared, ","),
	}
}

var printed = regexp.MustCompile(`\$(\d+)\.(\d\d)$`)

// Whoever adds up the printed rows finds the printed subtotals, and with them the total.
func TestPrintedRowsAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e, err := estimate(t, anyStage(t))
		if err != nil {
			t.Fatal(err)
		}
		var rows, group, subtotals, total int
		for line := range strings.Lines(e.String()) {
			match := printed.FindStringSubmatch(strings.TrimSpace(line))
			if match == nil {
				continue
			}
			cents, _ := strconv.Atoi(match[1] + match[2])
			switch {
			case strings.HasPrefix(line, " "):
				rows++
				group -= cents
				continue
			case strings.HasPrefix(line, "together"):
				total = cents
			default:
				subtotals += cents
			}
			if group != 0 {
				t.Fatalf("the rows before %q are off by %d cents\n%v", line, group, e)
			}
			group = cents
		}
		if rows != len(e.Rows) || total != subtotals || Cents(total) != e.Total() {
			t.Fatalf("%d rows of %d, together %d cents, the subtotals %d\n%v", rows, len(e.Rows), total, subtotals, e)
		}
	})
}

// No row is off by more than half a cent, however large.
func TestRowsAreRounded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e, err := estimate(t, anyStage(t))
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range e.Rows {
			exact := big.NewRat(int64(r.Count)*int64(r.Size)*int64(r.Price.Dollars)*100, whole*dollar)
			if r.Price.Per == Hour {
				exact.Mul(exact, big.NewRat(hoursAMonth, 1))
			}
			off := exact.Sub(exact, big.NewRat(int64(r.Month), 1))
			if off.Abs(off).Cmp(big.NewRat(1, 2)) > 0 {
				t.Errorf("%+v is off by %v cents", r, off)
			}
		}
	})
}

// Every task is placed, no provider gets less than its base while there are tasks,
// and those beyond the bases are within one of their weights' shares.
func TestDivide(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tasks, base := rapid.IntRange(0, 100).Draw(t, "tasks"), rapid.IntRange(0, 10).Draw(t, "base")
		weights := []int{rapid.IntRange(0, 10).Draw(t, "first weight"), rapid.IntRange(1, 10).Draw(t, "second weight")}
		got := divide(tasks, []assembly.CapacityProvider{{Name: "FARGATE", Base: base, Weight: weights[0]}, {Name: "FARGATE_SPOT", Weight: weights[1]}})
		if got[0]+got[1] != tasks || got[0] < min(base, tasks) {
			t.Fatalf("%d tasks become %v", tasks, got)
		}
		beyond := tasks - min(base, tasks)
		share := float64(beyond*weights[1]) / float64(weights[0]+weights[1])
		if off := float64(got[1]) - share; off <= -1 || off >= 1 {
			t.Fatalf("%d of %d beyond the base, want %.1f", got[1], beyond, share)
		}
	})
	for _, test := range []struct {
		tasks    int
		capacity []assembly.CapacityProvider
		want     []int
	}{
		{4, []assembly.CapacityProvider{{Base: 1}, {Weight: 1}}, []int{1, 3}},
		{10, []assembly.CapacityProvider{{Base: 2, Weight: 1}, {Weight: 3}}, []int{4, 6}},
		{1, []assembly.CapacityProvider{{Base: 2}, {Weight: 1}}, []int{1, 0}},
	} {
		if got := divide(test.tasks, test.capacity); fmt.Sprint(got) != fmt.Sprint(test.want) {
			t.Errorf("%d tasks over %v: %v, want %v", test.tasks, test.capacity, got, test.want)
		}
	}
}

// A price says where it is from, once for each region, and is one.
func TestPrices(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range prices {
		key := p.Region + " " + string(p.Item)
		if seen[key] {
			t.Errorf("%s has two prices", key)
		}
		seen[key] = true
		if _, err := time.Parse(time.DateOnly, p.Read); err != nil || p.Dollars <= 0 || (p.Per != Hour && p.Per != Month) ||
			!strings.HasPrefix(p.Page, "https://aws.amazon.com/") {
			t.Errorf("%+v", p)
		}
	}
}

func TestDollars(t *testing.T) {
	for d, want := range map[Dollars]string{
		0.00979124 * dollar: "$0.00979124", 0.1 * dollar: "$0.10", 3 * dollar: "$3.00", 0.0252 * dollar: "$0.0252",
	} {
		if d.String() != want {
			t.Errorf("%d is %s, want %s", d, d, want)
		}
	}
}
