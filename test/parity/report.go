package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"example.com/strangler/test/internal/load"
	"example.com/strangler/test/internal/parity"
)

// report is all that a run has found. It is what --json writes.
type report struct {
	Service  string   `json:"service"`
	Monolith string   `json:"monolith"`
	Shapes   []*shape `json:"shapes"`
	Seconds  float64  `json:"seconds"`

	showsValues bool
}

// shape is what the requests of one shape of path have shown.
type shape struct {
	Shape string `json:"shape"`
	// Asked is how many were compared, Different how many differ. Noisy is how many the
	// monolith answers differently each time, in places that are then not compared.
	Asked     int `json:"asked"`
	Equal     int `json:"equal"`
	Different int `json:"different"`
	Noisy     int `json:"noisy"`
	// MonolithP50 and ServiceP50 are in milliseconds.
	MonolithP50 float64 `json:"monolithP50Milliseconds"`
	ServiceP50  float64 `json:"serviceP50Milliseconds"`
	// Varying are the places that the monolith fills differently each time.
	Varying []string `json:"varying,omitempty"`
	// Examples have each place that differs once, in the smallest answer.
	Examples []*shown `json:"examples,omitempty"`

	monolith, service []time.Duration
	varying           parity.Places
}

// shown is a place that differs, with the request that shows it.
type shown struct {
	Place    string `json:"place"`
	Request  string `json:"request"`
	Monolith string `json:"monolith"`
	Service  string `json:"service"`
	// Times is how often the place differs.
	Times int `json:"times"`
	size  int
}

// mostExamples is of how many places a shape has an example.
const mostExamples = 20

// keyed is the name of a field that is likely a key, such as a person's address.
var keyed = regexp.MustCompile(`\.[^.\[]*[0-9@][^.\[]*`)

// tooMany is after how many answers of 500 and above in a row a run ends: this may be production.
const tooMany = 10

// compareAll compares requests until the last, an error, or the end of the context, which is
// none: the report has what there is.
func (r *report) compareAll(ctx context.Context, s *sides, all []request, o options, progress io.Writer) error {
	next := time.NewTicker(time.Duration(float64(time.Second) / o.rate))
	defer next.Stop()
	without := parity.Balancers.With(parity.PlacesOf(o.proof, load.ProgramHeader)).With(parity.PlacesOf(o.ignore...))
	failing := 0
	for i, one := range all {
		first, again, other, err := s.triple(ctx, one, next.C)
		if errors.Is(err, context.Canceled) {
			break
		}
		if err != nil {
			return err
		}
		r.add(one, first, again, other, without.With(one.differs()))
		if failing++; first.Status < http.StatusInternalServerError && other.Status < http.StatusInternalServerError {
			failing = 0
		}
		if failing == tooMany {
			return fmt.Errorf("%d answers of 500 and above in a row: something is broken", tooMany)
		}
		if (i+1)%50 == 0 {
			if _, err := fmt.Fprintf(progress, "%d of %d compared\n", i+1, len(all)); err != nil {
				return err
			}
		}
	}
	return nil
}

// differs are the places that the catalog's traffic lets two programs fill differently.
func (r request) differs() parity.Places {
	if r.kind == nil {
		return parity.PlacesOf()
	}
	return parity.PlacesOf(r.kind.Differs...)
}

// add compares three answers.
func (r *report) add(one request, first, again, other timed, without parity.Places) {
	s := r.shape(one.shape())
	varying := parity.Varying(parity.Differences(first.Answer, again.Answer, without))
	differences := parity.Differences(first.Answer, other.Answer, without.With(varying))
	s.Asked++
	s.monolith, s.service = append(s.monolith, first.took, again.took), append(s.service, other.took)
	if len(varying) > 0 {
		s.Noisy++
		s.varying = s.varying.With(varying)
	}
	if len(differences) == 0 {
		s.Equal++
		return
	}
	s.Different++
	for _, d := range differences {
		s.note(one, d, len(first.Body)+len(other.Body))
	}
}

func (r *report) shape(name string) *shape {
	i := slices.IndexFunc(r.Shapes, func(s *shape) bool { return s.Shape == name })
	if i < 0 {
		r.Shapes = append(r.Shapes, &shape{Shape: name})
		i = len(r.Shapes) - 1
	}
	return r.Shapes[i]
}

// note keeps the smallest example of a place. What is likely a key of JSON is {} in it.
func (s *shape) note(one request, d parity.Difference, size int) {
	place := parity.Shape(d.Place)
	if strings.HasPrefix(place, "$") {
		place = keyed.ReplaceAllString(place, ".{}")
	}
	i := slices.IndexFunc(s.Examples, func(e *shown) bool { return e.Place == place })
	if i < 0 && len(s.Examples) == mostExamples {
		return
	}
	if i < 0 {
		s.Examples = append(s.Examples, &shown{Place: place, size: size + 1})
		i = len(s.Examples) - 1
	}
	e := s.Examples[i]
	e.Times++
	if size < e.size {
		e.size, e.Request, e.Monolith, e.Service = size, one.method+" "+one.target, d.One, d.Other
	}
}

// finish fills in what is known in the end, and masks what may be personal data.
func (r *report) finish() {
	slices.SortFunc(r.Shapes, func(a, b *shape) int { return cmp.Or(b.Different-a.Different, strings.Compare(a.Shape, b.Shape)) })
	for _, s := range r.Shapes {
		s.MonolithP50, s.ServiceP50 = median(s.monolith), median(s.service)
		for _, place := range slices.Sorted(maps.Keys(s.varying)) {
			s.Varying = append(s.Varying, keyed.ReplaceAllString(place, ".{}"))
		}
		s.Varying = slices.Compact(s.Varying)
		for _, e := range s.Examples {
			if !r.showsValues {
				e.Request, _, _ = strings.Cut(e.Request, "?")
				hidden := parity.Difference{Place: e.Place, One: e.Monolith, Other: e.Service}.Masked()
				e.Monolith, e.Service = hidden.One, hidden.Other
			}
		}
	}
}

func median(all []time.Duration) float64 {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	return float64(sorted[len(sorted)/2].Microseconds()) / 1000
}

// print writes the table and the examples.
func (r *report) print(out io.Writer) error {
	r.finish()
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	var errs []error
	write := func(to io.Writer, format string, args ...any) {
		_, err := fmt.Fprintf(to, format+"\n", args...)
		errs = append(errs, err)
	}
	write(table, "asked\tequal\tdifferent\tnoisy\t%s\t%s\t  shape\t", r.Monolith, r.Service)
	for _, s := range r.Shapes {
		write(table, "%d\t%d\t%d\t%d\t%.1f ms\t%.1f ms\t  %s\t", s.Asked, s.Equal, s.Different, s.Noisy, s.MonolithP50, s.ServiceP50, s.Shape)
	}
	errs = append(errs, table.Flush())
	for _, s := range r.Shapes {
		for _, e := range s.Examples {
			write(out, "%s: %s differs %d times, such as in %s: %s and %s", s.Shape, e.Place, e.Times, e.Request, e.Monolith, e.Service)
		}
		if len(s.Varying) > 0 {
			write(out, "%s: not compared, as it varies in the answers of %s alone: %s", s.Shape, r.Monolith, strings.Join(s.Varying, ", "))
		}
	}
	return errors.Join(errs...)
}

func (r *report) write(file string) error {
	if file == "" {
		return nil
	}
	body, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(body, '\n'), 0o600)
}

// verdict is an error when more of the compared requests differ than the percentage, or when
// none was compared.
func (r *report) verdict(tolerance float64) error {
	asked, different := 0, 0
	for _, s := range r.Shapes {
		asked, different = asked+s.Asked, different+s.Different
	}
	if asked == 0 {
		return errors.New("no request was compared")
	}
	if share := 100 * float64(different) / float64(asked); share > tolerance {
		return fmt.Errorf("%w: %.1f%% of %d requests, want %g%% at most", errDiffers, share, asked, tolerance)
	}
	return nil
}
