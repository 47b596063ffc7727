package alb_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/test/internal/alb"
)

func TestValidate(t *testing.T) {
	require.NoError(t, shop.Validate())
	alpha := func(change func(*alb.Rule)) alb.Listener {
		rule := live("alpha", 1, alb.ForwardTo("alpha"))
		change(&rule)
		return alb.Listener{Rules: []alb.Rule{rule}, Default: alb.ForwardTo("rest")}
	}
	for _, test := range []struct {
		listener alb.Listener
		want     string
	}{
		{alb.Listener{}, `rule "default": no action`},
		{alb.Listener{Rules: make([]alb.Rule, 101)}, "101 rules: want at most 100"},
		{alpha(func(r *alb.Rule) { r.Action = nil }), `rule "alpha": no action`},
		{alpha(func(r *alb.Rule) { r.Priority = 0 }), "priority 0: want 1 to 50000"},
		{alpha(func(r *alb.Rule) { r.Priority = 50001 }), "priority 50001: want 1 to 50000"},
		{alpha(func(r *alb.Rule) { r.Conditions = paths() }), "0 values in a condition: want 1 to 3"},
		{alpha(func(r *alb.Rule) { r.Conditions = paths("1", "2", "3", "4") }), "4 values in a condition: want 1 to 3"},
		{alpha(func(r *alb.Rule) { r.Conditions = append(paths("1", "2", "3"), paths("4", "5", "6")...) }), "6 condition values: want at most 5"},
		{alpha(func(r *alb.Rule) { r.Conditions = paths("/*/*/*", "/?/?/?") }), "6 wildcards: want at most 5"},
		{alpha(func(r *alb.Rule) { r.Conditions = paths("/" + strings.Repeat("x", 128)) }), "has 129 characters: want at most 128"},
		{alpha(func(r *alb.Rule) { r.Action = alb.Forward{} }), "0 target groups: want 1 to 5"},
		{alpha(func(r *alb.Rule) { r.Action = make(alb.Forward, 6) }), "6 target groups: want 1 to 5"},
		{alpha(func(r *alb.Rule) { r.Action = alb.Forward{{"a", 1000}} }), `weight 1000 of "a": want 0 to 999`},
		{
			alb.Listener{Rules: []alb.Rule{live("alpha", 7, nil), live("beta", 7, nil)}},
			`rule "beta": priority 7 is taken by rule "alpha"`,
		},
	} {
		assert.ErrorContains(t, test.listener.Validate(), test.want)
	}
}
