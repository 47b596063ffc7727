// Package cloudwatch evaluates alarms and dashboards as AWS documents it: metric math,
// the state of an alarm, and the metrics that a search finds.
package cloudwatch

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"math"
	"strconv"
)

// Series is a metric's values, one for each period. NaN is a period without data.
type Series []float64

// Missing is the value of a period without data, NaN.
var Missing = math.NaN()

// Evaluate computes an expression of metric math period by period. It knows the
// operators + - * / and > >= < <=, the functions IF and FILL, numbers, and metrics
// by id. The result has as many periods as the longest metric. It has no data where an
// operand has none, or where the divisor is zero. An unknown id, operator or function
// is an error.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
func Evaluate(expression string, metrics map[string]Series) (Series, error) {
	parsed, err := parser.ParseExpr(expression)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", expression, err)
	}
	periods := 0
	for _, series := range metrics {
		periods = max(periods, len(series))
	}
	result := make(Series, periods)
	for i := range result {
		at := func(id string) (float64, bool) {
			series, ok := metrics[id]
			if !ok || i >= len(series) {
				return Missing, ok
			}
			return series[i], true
		}
		if result[i], err = value(parsed, at); err != nil {
			return nil, fmt.Errorf("%s: %w", expression, err)
		}
	}
	return result, nil
}

// value computes one period. The supported part of metric math has the grammar of Go's
// expressions.
func value(e ast.Expr, metric func(id string) (float64, bool)) (float64, error) {
	switch e := e.(type) {
	case *ast.ParenExpr:
		return value(e.X, metric)
	case *ast.BasicLit:
		return strconv.ParseFloat(e.Value, 64)
	case *ast.Ident:
		v, ok := metric(e.Name)
		if !ok {
			return 0, fmt.Errorf("no metric has the id %s", e.Name)
		}
		return v, nil
	case *ast.BinaryExpr:
		return binary(e, metric)
	case *ast.CallExpr:
		return call(e, metric)
	}
	return 0, fmt.Errorf("%T is not part of metric math", e)
}

func binary(e *ast.BinaryExpr, metric func(id string) (float64, bool)) (float64, error) {
	x, err := value(e.X, metric)
	if err != nil {
		return 0, err
	}
	y, err := value(e.Y, metric)
	if err != nil {
		return 0, err
	}
	if math.IsNaN(x) || math.IsNaN(y) {
		return Missing, nil
	}
	switch e.Op {
	case token.ADD:
		return x + y, nil
	case token.SUB:
		return x - y, nil
	case token.MUL:
		return x * y, nil
	case token.QUO:
		if y == 0 {
			return Missing, nil
		}
		return x / y, nil
	case token.GTR:
		return truth(x > y), nil
	case token.GEQ:
		return truth(x >= y), nil
	case token.LSS:
		return truth(x < y), nil
	case token.LEQ:
		return truth(x <= y), nil
	}
	return 0, fmt.Errorf("operator %s is not supported", e.Op)
}

// truth is 1 for true and 0 for false, as in metric math.
func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func call(e *ast.CallExpr, metric func(id string) (float64, bool)) (float64, error) {
	name, _ := e.Fun.(*ast.Ident)
	var values []float64
	for _, argument := range e.Args {
		v, err := value(argument, metric)
		if err != nil {
			return 0, err
		}
		values = append(values, v)
	}
	switch {
	case name != nil && name.Name == "IF" && len(values) == 3:
		if math.IsNaN(values[0]) {
			return Missing, nil
		}
		if values[0] != 0 {
			return values[1], nil
		}
		return values[2], nil
	case name != nil && name.Name == "FILL" && len(values) == 2:
		if math.IsNaN(values[0]) {
			return values[1], nil
		}
		return values[0], nil
	}
	return 0, fmt.Errorf("%v with %d arguments is not supported", e.Fun, len(values))
}
