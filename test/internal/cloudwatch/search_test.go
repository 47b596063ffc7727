package cloudwatch

import (
	"slices"
	"testing"
)

// The first three are CloudWatch's own examples.
func TestTokens(t *testing.T) {
	for name, want := range map[string][]string{
		"CustomCount1":                      {"custom", "count", "1"},
		"SDBFailure":                        {"sdb", "failure"},
		"Project2-trial333":                 {"project", "2", "trial", "333"},
		"forum-dev-Users-UsersServiceF7A1B": {"forum", "dev", "users", "users", "service", "f", "7", "a", "1", "b"},
		"targetgroup/forum-dev-users-abc/1": {"targetgroup", "forum", "dev", "users", "abc", "1"},
		"":                                  nil,
	} {
		if got := tokens(name); !slices.Equal(got, want) {
			t.Errorf("%s has the tokens %v, want %v", name, got, want)
		}
	}
}

func TestSearch(t *testing.T) {
	remains, found, err := Searches(`100 * SUM(SEARCH('{N,A,B} MetricName="M" (one OR A=two-three)', 'Sum', 60)) / total`)
	if err != nil || remains != "100 * SUM(s0) / total" || len(found) != 1 {
		t.Fatalf("%q %v %v", remains, found, err)
	}
	for _, test := range []struct {
		namespace, name string
		dimensions      map[string]string
		want            bool
	}{
		{"N", "M", map[string]string{"A": "x", "B": "y/one/z"}, true},
		{"N", "M", map[string]string{"A": "OneTwo", "B": ""}, true},
		{"N", "M", map[string]string{"A": "a-two-three-b", "B": ""}, true},
		{"N", "M", map[string]string{"A": "two-b-three", "B": ""}, false},
		{"N", "M", map[string]string{"A": "", "B": "two-three"}, false},
		{"N", "M", map[string]string{"A": "ones", "B": ""}, false},
		{"N", "M", map[string]string{"A": "one"}, false},
		{"N", "M", map[string]string{"A": "one", "C": ""}, false},
		{"N", "M", map[string]string{"A": "one", "B": "", "C": ""}, false},
		{"N", "L", map[string]string{"A": "one", "B": ""}, false},
		{"O", "M", map[string]string{"A": "one", "B": ""}, false},
	} {
		if got := found[0].Finds(test.namespace, test.name, test.dimensions); got != test.want {
			t.Errorf("finds %s %s %v: %v, want %v", test.namespace, test.name, test.dimensions, got, test.want)
		}
	}
	for _, wrong := range []string{`SEARCH('M', 'Sum', 60)`, `SEARCH('{N,A} MetricName="M" one', 'Sum', 300)`, `SEARCH('{N,A} one', 'Sum', 60)`} {
		if _, _, err := Searches(wrong); err == nil {
			t.Errorf("%s is read", wrong)
		}
	}
}
