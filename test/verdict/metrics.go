package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// metric is a statistic of one metric.
type metric struct {
	namespace, name, statistic string
	dimensions                 map[string]string
}

// series is the values of a metric by the beginning of the period that they are of. A period
// without data has none.
type series map[time.Time]float64

func (s series) sum() float64 {
	sum := 0.0
	for _, value := range s {
		sum += value
	}
	return sum
}

// most is the largest value, and 0 without any.
func (s series) most() float64 {
	most := 0.0
	for _, value := range s {
		most = max(most, value)
	}
	return most
}

// window is the time that a verdict looks at.
type window struct{ from, to time.Time }

// The metrics are complete some minutes late: alarms on them were seen to ring 4 to 9 minutes
// after the cause. A program and a rule take some minutes to settle.
const (
	late   = 5 * time.Minute
	warmUp = 5 * time.Minute
)

// windowSince is the time from some minutes after a change to some minutes before now.
func windowSince(changed, now time.Time) window {
	return window{changed.Add(warmUp + time.Minute - 1).Truncate(time.Minute), now.Add(-late).Truncate(time.Minute)}
}

func (w window) String() string {
	const layout = "2006-01-02 15:04"
	return w.from.UTC().Format(layout) + " to " + w.to.UTC().Format(layout) + " UTC"
}

// isEmpty reports whether nothing is in it.
func (w window) isEmpty() bool { return !w.from.Before(w.to) }

// retained are how long CloudWatch keeps the values of a period, with an hour to spare.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html#metrics-retention
var retained = []struct{ period, age time.Duration }{
	{time.Minute, 15*24*time.Hour - time.Hour},
	{5 * time.Minute, 63*24*time.Hour - time.Hour},
	{time.Hour, 455*24*time.Hour - time.Hour},
}

// period is the shortest that CloudWatch still has of the whole window.
func (w window) period(now time.Time) time.Duration {
	for _, kept := range retained {
		if now.Sub(w.from) < kept.age {
			return kept.period
		}
	}
	return retained[len(retained)-1].period
}

// read reads metrics over a window, one series for each. The window begins at the next whole
// period.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
func (c clients) read(ctx context.Context, w window, period time.Duration, metrics ...metric) ([]series, error) {
	all := make([]series, len(metrics))
	index := map[string]int{}
	input := &cloudwatch.GetMetricDataInput{
		StartTime: aws.Time(w.from.Add(period - 1).Truncate(period)), EndTime: aws.Time(w.to.Truncate(period)),
		ScanBy: types.ScanByTimestampAscending,
	}
	for i, m := range metrics {
		all[i] = series{}
		id := fmt.Sprintf("m%d", i)
		index[id] = i
		input.MetricDataQueries = append(input.MetricDataQueries, m.query(id, period))
	}
	if !input.StartTime.Before(*input.EndTime) {
		return all, nil
	}
	pages := cloudwatch.NewGetMetricDataPaginator(c.metrics, input)
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, result := range page.MetricDataResults {
			if err := all[index[aws.ToString(result.Id)]].add(result); err != nil {
				return nil, fmt.Errorf("metric %s: %w", metrics[index[aws.ToString(result.Id)]].name, err)
			}
		}
	}
	return all, nil
}

func (m metric) query(id string, period time.Duration) types.MetricDataQuery {
	of := &types.Metric{Namespace: &m.namespace, MetricName: &m.name}
	for _, name := range slices.Sorted(maps.Keys(m.dimensions)) {
		of.Dimensions = append(of.Dimensions, types.Dimension{Name: aws.String(name), Value: aws.String(m.dimensions[name])})
	}
	return types.MetricDataQuery{
		Id: &id, MetricStat: &types.MetricStat{Metric: of, Period: aws.Int32(int32(period.Seconds())), Stat: &m.statistic},
	}
}

// add takes over what a page has of the series.
func (s series) add(result types.MetricDataResult) error {
	if code := result.StatusCode; code == types.StatusCodeInternalError || code == types.StatusCodeForbidden {
		return fmt.Errorf("CloudWatch answers %s: ask again, with the rights that the README lists", code)
	}
	if len(result.Timestamps) != len(result.Values) {
		return fmt.Errorf("CloudWatch answers %d times with %d values", len(result.Timestamps), len(result.Values))
	}
	for i, at := range result.Timestamps {
		s[at.UTC()] = result.Values[i]
	}
	return nil
}
