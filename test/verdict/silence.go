package main

import (
	"context"
	"fmt"
	"time"

	"example.com/strangler/services"
)

// Touches is the metric that counts the monolith's calls to a service's table. No metric of
// DynamoDB's knows the caller, so a trail of CloudTrail and a metric filter make it: the README
// says how. The filter reports 0 for every minute in which the trail logs anything, which
// proves that a silence is none of the trail's.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/MonitoringLogData.html
func touchesOf(stage, service string) metric {
	return metric{namespace: "Strangler", name: stage + "-" + service + "-touches", statistic: "Sum"}
}

// quiet is the window in which the monolith must have been silent, in whole hours.
func (j judge) quiet() window {
	to := j.now.Add(-late).Truncate(time.Hour)
	return window{to.Add(-j.bounds.silence.Round(time.Hour)), to}
}

// before is for how long CloudWatch keeps the touches that prove that a filter counts them.
const before = 454 * 24 * time.Hour

// touches judges whether the monolith still touches the service's table.
func (j judge) touches(ctx context.Context) ([]finding, error) {
	s := j.catalog.Find(j.service())
	if s == nil || s.Table == nil {
		return []finding{
			{figureSilence, goAhead, "it has no table: the review has what the monolith loses, such as a secret that the service takes"},
		}, nil
	}
	of := touchesOf(j.environment.StageName(), j.service())
	w := j.quiet()
	long, err := j.read(ctx, window{w.to.Add(-before), w.to}, time.Hour, of)
	if err != nil {
		return nil, err
	}
	return []finding{j.silent(w, of.name, long[0])}, nil
}

// silent judges the hourly counts of the touches.
func (j judge) silent(w window, name string, counts series) finding {
	hours, seen := 0, 0.0
	for at := w.from; at.Before(w.to); at = at.Add(time.Hour) {
		if _, ok := counts[at]; ok {
			hours++
		}
		seen += counts[at]
	}
	wanted := int(w.to.Sub(w.from) / time.Hour)
	switch {
	case seen > 0:
		return finding{
			figureSilence,
			no,
			fmt.Sprintf("the monolith called the table %.0f times in the last %s: wanted are none", seen, days(j.bounds.silence)),
		}
	case counts.sum() == 0:
		return finding{
			figureSilence,
			wait,
			fmt.Sprintf("the metric %s in the namespace Strangler has counted no call in 454 days: see Silence in test/verdict/README.md", name),
		}
	case hours < wanted:
		return finding{
			figureSilence,
			wait,
			fmt.Sprintf("the metric %s has data in %d of the last %d hours: the others prove nothing", name, hours, wanted),
		}
	}
	return finding{figureSilence, goAhead, fmt.Sprintf("the monolith has not called the table for %s, and did before", days(j.bounds.silence))}
}

func days(d time.Duration) string { return fmt.Sprintf("%.3g days", d.Hours()/24) }

// requestsOfMonolith judges whether anybody still needs the monolith: a drained one has had no
// request at all, and one that serves has answered none but with 4xx, which strangers get who
// try paths that are none.
func (j judge) requestsOfMonolith(ctx context.Context) ([]finding, error) {
	dimensions, ok := j.deployed.dimensions(j.group(j.catalog.Monolith.Name))
	if !ok {
		return []finding{{figureSilence, no, "the monolith has no target group at a load balancer"}}, nil
	}
	w := j.quiet()
	all, err := j.read(ctx, w, time.Hour,
		groupMetric(dimensions, "RequestCount", "Sum"), groupMetric(dimensions, "HTTPCode_Target_4XX_Count", "Sum"),
		groupMetric(map[string]string{"LoadBalancer": dimensions["LoadBalancer"]}, "RequestCount", "Sum"))
	if err != nil {
		return nil, err
	}
	needed, what := all[0].sum(), "requests came to the monolith"
	if j.to == string(services.Drained) {
		needed, what = needed-all[1].sum(), "requests came to the monolith that it did not answer with 4xx"
	}
	text := fmt.Sprintf("%.0f %s in the last %s", needed, what, days(j.bounds.silence))
	switch {
	case needed > 0:
		return []finding{{figureSilence, no, text + ": wanted are none"}}, nil
	case all[2].sum() == 0:
		return []finding{{figureSilence, wait, "the load balancer has counted no request at all: its silence proves nothing"}}, nil
	}
	return []finding{{figureSilence, goAhead, text}}, nil
}
