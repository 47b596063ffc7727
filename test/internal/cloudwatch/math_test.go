package cloudwatch

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEvaluate(t *testing.T) {
	metrics := map[string]Series{"a": {1, 2, Missing, 4}, "b": {10, 0, 30, 40}, "short": {1}}
	for expression, want := range map[string]Series{
		"a + b * 2":            {21, 2, Missing, 84},
		"(a + b) * 2":          {22, 4, Missing, 88},
		"a / b":                {0.1, Missing, Missing, 0.1},
		"100 * FILL(a, 0) - b": {90, 200, -30, 360},
		"IF(a >= 2, b, 7)":     {7, 0, Missing, 40},
		"IF(b > 10, a, 0)":     {0, 0, Missing, 4},
		"a < 2":                {1, 0, Missing, 0},
		"a <= 2":               {1, 1, Missing, 0},
		"FILL(short, 5)":       {1, 5, 5, 5},
		"FILL(a / b, 0.5)":     {0.1, 0.5, 0.5, 0.1},
	} {
		got, err := Evaluate(expression, metrics)
		require.NoError(t, err, expression)
		require.Len(t, got, len(want), expression)
		assert.InDeltaSlice(t, want, got, 0, expression)
	}
	for _, wrong := range []string{"a +", "c", "SUM(a)", "IF(a, b)", "a % b", "a.b", `"a"`} {
		_, err := Evaluate(wrong, metrics)
		assert.Error(t, err, wrong)
	}
}
