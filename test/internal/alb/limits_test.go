package alb_test

import (
	"strings"
	"testing"

	"example.com/strangler/test/internal/alb"
)

func TestValidate(t *testing.T) {
	if err := forum.Validate(); err != nil {
		t.Errorf("the forum's listener: %v", err)
	}
	users := func(change func(*alb.Rule)) alb.Listener {
		rule := live("users", 1, alb.ForwardTo("users"))
		change(&rule)
		return alb.Listener{Rules: []alb.Rule{rule}, Default: alb.ForwardTo("rest")}
	}
	for _, test := range []struct {
		listener alb.Listener
		want     string
	}{
		{alb.Listener{}, `rule "default": no action`},
		{alb.Listener{Rules: make([]alb.Rule, 101)}, "101 rules: want at most 100"},
		{users(func(r *alb.Rule) { r.Action = nil }), `rule "users": no action`},
		{users(func(r *alb.Rule) { r.Priority = 0 }), "priority 0: want 1 to 50000"},
		{users(func(r *alb.Rule) { r.Priority = 50001 }), "priority 50001: want 1 to 50000"},
		{users(func(r *alb.Rule) { r.Conditions = paths() }), "0 values in a condition: want 1 to 3"},
		{users(func(r *alb.Rule) { r.Conditions = paths("1", "2", "3", "4") }), "4 values in a condition: want 1 to 3"},
		{users(func(r *alb.Rule) { r.Conditions = append(paths("1", "2", "3"), paths("4", "5", "6")...) }), "6 condition values: want at most 5"},
		{users(func(r *alb.Rule) { r.Conditions = paths("/*/*/*", "/?/?/?") }), "6 wildcards: want at most 5"},
		{users(func(r *alb.Rule) { r.Conditions = paths("/" + strings.Repeat("x", 128)) }), "has 129 characters: want at most 128"},
		{users(func(r *alb.Rule) { r.Action = alb.Forward{} }), "0 target groups: want 1 to 5"},
		{users(func(r *alb.Rule) { r.Action = make(alb.Forward, 6) }), "6 target groups: want 1 to 5"},
		{users(func(r *alb.Rule) { r.Action = alb.Forward{{"a", 1000}} }), `weight 1000 of "a": want 0 to 999`},
		{
			alb.Listener{Rules: []alb.Rule{live("users", 7, nil), live("posts", 7, nil)}},
			`rule "posts": priority 7 is taken by rule "users"`,
		},
	} {
		if err := test.listener.Validate(); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("got %v, want an error with %q", err, test.want)
		}
	}
}
