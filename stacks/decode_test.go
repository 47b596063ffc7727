package stacks

import (
	"reflect"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What does not fit is named by its key, and the error says what to write there.
func TestDecodeRefuses(t *testing.T) {
	entry := func(key string, value any) map[string]any { return map[string]any{key: value} }
	for want, value := range map[string]any{
		`vpc: unknown field "privateSubnets": want one of cidr, endpoints, flowLog, id, internet, loadBalancer, routeTables, tasks, zones`: entry(
			"vpc", entry("privateSubnets", []any{})),
		`listener: unknown field "priority": want one of arn, monolith, priorities, rules, securityGroup, url`: entry(
			"listener", entry("priority", 1)),
		`listener.priorities: unknown field "love": want one of live, preview`: entry("listener", entry("priorities", entry("love", 1))),
		`account: want text, in quotes, and not a number`:                      entry("account", 12345678901),
		`account: want text, in quotes, and not true or false`:                 entry("account", true),
		`region: want text, in quotes, and not a list`:                         entry("region", []any{"eu-west-1"}),
		`migration.alpha: want text, in quotes, and not a number`:              entry("migration", entry("alpha", 25)),
		`migration: want an object, in braces, and not a list`:                 entry("migration", []any{"alpha"}),
		`domains: want a list, in brackets, such as ["a.com"], and not text`:   entry("domains", "a.com"),
		`domains[1]: want text, in quotes, and not a number`:                   entry("domains", []any{"a.com", 2}),
		`vpc.cidr: want a list, in brackets, and not an object`:                entry("vpc", entry("cidr", entry("a", "b"))),
		`vpc: want an object, in braces, and not text`:                         entry("vpc", "vpc-0a000001"),
		`vpc.internet: want true or false, and not a number`:                   entry("vpc", entry("internet", 1)),
		`waf: want true or false, without quotes, and not text`:                entry("waf", "false"),
		`azs: want a whole number, without quotes, and not text`:               entry("azs", "2"),
		`azs: want a whole number, and not 2.5`:                                entry("azs", 2.5),
		`azs: want a whole number, and not 1e+30`:                              entry("azs", 1e30),
		`listener.priorities.live: want a whole number, and not a list`:        entry("listener", entry("priorities", entry("live", []any{}))),
		`want an object, in braces, and not text`:                              "eu-west-1",
	} {
		assert.EqualError(t, decode(value, &Environment{}), want)
	}
}

// No value of a key gets as far as the errors of the package that decodes it.
func TestDecodeKnowsAllTypes(t *testing.T) {
	values := []any{nil, "a", 1, 1.5, 1e300, true, []any{}, []any{1}, []any{[]any{}}, map[string]any{}, map[string]any{"a": []any{}}}
	var try func(kind reflect.Type)
	try = func(kind reflect.Type) {
		for name, of := range fields(kind) {
			for _, value := range values {
				into := reflect.New(kind).Interface()
				if err := decode(map[string]any{name: value}, into); err != nil {
					assert.NotContains(t, err.Error(), "json", "%s.%s", kind, name)
				}
			}
			for slices.Contains([]reflect.Kind{reflect.Pointer, reflect.Slice, reflect.Map}, of.Kind()) {
				of = of.Elem()
			}
			if of.Kind() == reflect.Struct {
				try(of)
			}
		}
	}
	try(reflect.TypeFor[Environment]())
	try(reflect.TypeFor[Delivery]())
}

// A key may be in any case, and null is as good as no key.
func TestDecodeTakes(t *testing.T) {
	var e Environment
	require.NoError(t, decode(map[string]any{
		"Region": "eu-west-1", "azs": 3, "vpc": nil, "waf": false, "listener": map[string]any{"priorities": map[string]any{"live": 1000}},
		"domains": []string{"a.com"}, "migration": map[string]string{"alpha": "live"},
	}, &e))
	assert.Equal(t, Environment{
		Region: "eu-west-1", AZs: 3, WAF: new(false), Listener: &Listener{Priorities: Priorities{Live: 1000}},
		Domains: []string{"a.com"}, Phases: map[string]string{"alpha": "live"},
	}, e)
}
