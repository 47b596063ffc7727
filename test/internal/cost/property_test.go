package cost

import (
	"fmt"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"example.com/strangler/test/internal/assembly"
)

// anyStage draws a service of any size, and any number of other resources.
func anyStage(t *rapid.T) map[string]string {
	number := func(most int, what string) int { return rapid.IntRange(0, most).Draw(t, what) }
	strategies := []string{onDemand,
		`"CapacityProviderStrategy": [{"CapacityProvider": "FARGATE", "Base": 1, "Weight": 1},
			{"CapacityProvider": "FARGATE_SPOT", "Weight": 3}]`}
	var shared []string
	for i := range number(4, "gateways") {
		shared = append(shared, resource(fmt.Sprint("Nat", i), "EC2::NatGateway", ""), resource(fmt.Sprint("Ip", i), "EC2::EIP", ""))
	}
	for i := range number(6, "endpoints") {
		zones := strings.Repeat(`"z",`, number(6, "zones")) + `"z"`
		shared = append(shared,
			resource(fmt.Sprint("Endpoint", i), "EC2::VPCEndpoint", `"VpcEndpointType": "Interface", "SubnetIds": [`+zones+`]`))
	}
	for i := range number(6, "alarms") {
		shared = append(shared,
			resource(fmt.Sprint("Alarm", i), "CloudWatch::Alarm", `"MetricName": "m", "Period": `+strconv.Itoa(10+number(1, "minute")*50)))
	}
	return map[string]string{
		"Orders": service(number(200, "tasks"), 256<<number(6, "vCPU"), 512*(1+number(239, "GB")),
			rapid.SampledFrom(strategies).Draw(t, "strategy")),
		"Platform": strings.Join(shared, ","),
	}
}

var printed = regexp.MustCompile(`\$(\d+)\.(\d\d)$`)

// The printed rows add up to the printed subtotals, and these to the total.
func TestPrintedRowsAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e, err := estimate(t, anyStage(t))
		require.NoError(t, err)
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
			require.Zero(t, group, "cents by which the rows before %q are off\n%v", line, e)
			group = cents
		}
		require.Len(t, e.Rows, rows, "printed rows\n%v", e)
		require.Equal(t, subtotals, total, "the total and the sum of the subtotals\n%v", e)
		require.Equal(t, e.Total(), Cents(total), "%v", e)
	})
}

// No row is off by more than half a cent.
func TestRowsAreRounded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e, err := estimate(t, anyStage(t))
		require.NoError(t, err)
		for _, r := range e.Rows {
			exact := big.NewRat(int64(r.Count)*int64(r.Size)*int64(r.Price.Dollars)*100, whole*dollar)
			if r.Price.Per == Hour {
				exact.Mul(exact, big.NewRat(hoursAMonth, 1))
			}
			off := exact.Sub(exact, big.NewRat(int64(r.Month), 1))
			assert.LessOrEqual(t, off.Abs(off).Cmp(big.NewRat(1, 2)), 0, "%+v is off by %v cents", r, off)
		}
	})
}

// Every task is placed, each provider gets its base while there are tasks, and the
// number of tasks beyond the bases is within one of the weights' shares.
func TestDivide(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tasks, base := rapid.IntRange(0, 100).Draw(t, "tasks"), rapid.IntRange(0, 10).Draw(t, "base")
		weights := []int{rapid.IntRange(0, 10).Draw(t, "first weight"), rapid.IntRange(1, 10).Draw(t, "second weight")}
		got := divide(tasks,
			[]assembly.CapacityProvider{{Name: "FARGATE", Base: base, Weight: weights[0]}, {Name: "FARGATE_SPOT", Weight: weights[1]}})
		require.Equal(t, tasks, got[0]+got[1], "%v", got)
		require.GreaterOrEqual(t, got[0], min(base, tasks), "the base of %v", got)
		beyond := tasks - min(base, tasks)
		share := float64(beyond*weights[1]) / float64(weights[0]+weights[1])
		require.Greater(t, float64(got[1]), share-1, "%d tasks beyond the base", beyond)
		require.Less(t, float64(got[1]), share+1, "%d tasks beyond the base", beyond)
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
		assert.Equal(t, test.want, divide(test.tasks, test.capacity), "%d tasks over %v", test.tasks, test.capacity)
	}
}

// Each item has one price in a region, with a day and a page of AWS.
func TestPrices(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range prices {
		key := p.Region + " " + string(p.Item)
		assert.False(t, seen[key], "%s has two prices", key)
		seen[key] = true
		_, err := time.Parse(time.DateOnly, p.Read)
		require.NoError(t, err, key)
		assert.Positive(t, p.Dollars, key)
		assert.Contains(t, []Period{Hour, Month}, p.Per, key)
		assert.Regexp(t, "^https://aws.amazon.com/", p.Page, key)
	}
}

func TestDollars(t *testing.T) {
	for d, want := range map[Dollars]string{
		0.00979124 * dollar: "$0.00979124", 0.1 * dollar: "$0.10", 3 * dollar: "$3.00", 0.0252 * dollar: "$0.0252",
	} {
		assert.Equal(t, want, d.String())
	}
}
