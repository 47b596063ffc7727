package cloudwatch

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The first three are CloudWatch's own examples.
func TestTokens(t *testing.T) {
	for name, want := range map[string][]string{
		"CustomCount1":                     {"custom", "count", "1"},
		"SDBFailure":                       {"sdb", "failure"},
		"Project2-trial333":                {"project", "2", "trial", "333"},
		"shop-dev-Alpha-AlphaServiceF7A1B": {"shop", "dev", "alpha", "alpha", "service", "f", "7", "a", "1", "b"},
		"targetgroup/shop-dev-alpha-abc/1": {"targetgroup", "shop", "dev", "alpha", "abc", "1"},
		"":                                 nil,
	} {
		assert.Equal(t, want, tokens(name), name)
	}
}

func TestSearch(t *testing.T) {
	remains, found, err := Searches(`100 * SUM(SEARCH('{N,A,B} MetricName="M" (one OR A=two-three)', 'Sum', 60)) / total`)
	require.NoError(t, err)
	assert.Equal(t, "100 * SUM(s0) / total", remains)
	require.Len(t, found, 1)
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
		assert.Equal(t, test.want, found[0].Finds(test.namespace, test.name, test.dimensions), "finds %s %s %v", test.namespace, test.name,
			test.dimensions)
	}
	for _, wrong := range []string{
		`SEARCH('M', 'Sum', 60)`, `SEARCH('{N,A} MetricName="M" one', 'Sum', 300)`, `SEARCH('{N,A} one', 'Sum', 60)`,
	} {
		_, _, err := Searches(wrong)
		assert.Error(t, err, wrong)
	}
}

// In double quotes a term is the whole value.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html
func TestQuotedTermsAreExact(t *testing.T) {
	_, found, err := Searches(`SEARCH('{AWS/SQS,QueueName} MetricName="Messages" QueueName="jobs"', 'Maximum', 60)`)
	require.NoError(t, err)
	for queue, want := range map[string]bool{"jobs": true, "jobs-dead": false, "Jobs": false} {
		assert.Equal(t, want, found[0].Finds("AWS/SQS", "Messages", map[string]string{"QueueName": queue}), queue)
	}
}
