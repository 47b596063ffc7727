package services

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestLifeOfATask(t *testing.T) {
	complete := func(edit func(*Service)) error {
		c := sample()
		c.Services[1].Image = Image{Folder: "services/beta"}
		edit(&c.Services[1])
		_, err := c.Complete()
		return err
	}
	for _, codes := range []string{"200", "200,204", "200-399", "200-299,404,410-411"} {
		require.NoError(t, complete(func(s *Service) { s.Health.Codes = codes }), codes)
	}
	for name, test := range map[string]struct {
		edit func(*Service)
		want string
	}{
		"a relative path":       {func(s *Service) { s.Health.Path = "up" }, `health check path "up"`},
		"a status of its own":   {func(s *Service) { s.Health.Codes = "500" }, `health check codes "500"`},
		"no status":             {func(s *Service) { s.Health.Codes = "2xx" }, `health check codes "2xx"`},
		"a hasty check":         {func(s *Service) { s.Health.Interval = 4 * time.Second }, "a health check every 4s"},
		"a rare check":          {func(s *Service) { s.Health.Interval = 301 * time.Second }, "a health check every 5m1s"},
		"a part of a second":    {func(s *Service) { s.Health.Interval = 5500 * time.Millisecond }, "a health check every 5.5s"},
		"checks that overlap":   {func(s *Service) { s.Health.Timeout = 5 * time.Second }, "waits 5s for an answer, every 5s"},
		"a check that is short": {func(s *Service) { s.Health.Timeout = time.Second }, "waits 1s for an answer"},
		"one check":             {func(s *Service) { s.Health.Healthy = 1 }, "1 checks to be healthy and 2 to be unhealthy"},
		"eleven checks":         {func(s *Service) { s.Health.Unhealthy = 11 }, "2 checks to be healthy and 11 to be unhealthy"},
		"stopped while it starts": {
			func(s *Service) { s.StartUp, s.Health.Interval = 30*time.Second, 20*time.Second }, "a task takes 40s to pass 2 health checks",
		},
		"no time to drain": {func(s *Service) { s.Stop.Drain = -time.Second }, "a drain of -1s"},
		"a long drain":     {func(s *Service) { s.Stop.Drain = 2 * time.Hour }, "a drain of 2h0m0s"},
		"a long stop":      {func(s *Service) { s.Stop.Timeout = 121 * time.Second }, "a stop within 2m1s"},
		"a short stop":     {func(s *Service) { s.Stop.Timeout = time.Second }, "a stop within 1s"},
		"a program of this module that is killed": {
			func(s *Service) { s.Image, s.Stop.Timeout = Image{Program: "services/beta"}, 26*time.Second }, "a program of this module may take 27s",
		},
	} {
		assert.ErrorContains(t, complete(test.edit), test.want, name)
	}
	assert.NoError(t, complete(func(s *Service) { s.Stop.Timeout = 2 * time.Second }), "a program that stops at once")
}
