//go:build unix

package cmd_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/strangler/services/table/dynamotest"
)

// stores runs a benchmark in two environments: with a store in memory and in DynamoDB.
func stores(b *testing.B, run func(b *testing.B, environment []string)) {
	b.Run("memory", func(b *testing.B) { run(b, []string{"STORE=memory"}) })
	b.Run("DynamoDB", func(b *testing.B) {
		database := httptest.NewServer(dynamotest.New())
		defer database.Close()
		environment := []string{"USERS_TABLE=users", "THREADS_TABLE=threads", "POSTS_TABLE=posts"}
		for name, value := range dynamotest.Environment(database.URL) {
			environment = append(environment, name+"="+value)
		}
		run(b, environment)
	})
}

// BenchmarkStart measures the time from the start of the process to its first 200.
func BenchmarkStart(b *testing.B) {
	stores(b, func(b *testing.B, environment []string) {
		_, err := build()
		require.NoError(b, err)
		for b.Loop() {
			p := start(b, "monolith", environment...)
			require.Equal(b, http.StatusOK, get(b, p.url+"/healthz").StatusCode)
			b.StopTimer()
			p.Process.Kill()
			p.Wait()
			b.StartTimer()
		}
	})
}

// BenchmarkIdle reports the resident memory of a program that has served four requests.
func BenchmarkIdle(b *testing.B) {
	stores(b, func(b *testing.B, environment []string) {
		for b.Loop() {
			p := start(b, "monolith", environment...)
			for _, path := range []string{"/healthz", "/api/users", "/api/threads", "/api/posts"} {
				get(b, p.url+path)
			}
			time.Sleep(100 * time.Millisecond)
			b.ReportMetric(resident(b, p.Process.Pid)/(1<<20), "MiB-resident")
			p.Process.Kill()
		}
		b.ReportMetric(0, "ns/op")
	})
}

func resident(b *testing.B, pid int) float64 {
	b.Helper()
	// Resident pages are the second field: proc(5).
	statm, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/statm")
	if err != nil {
		b.Skip("no /proc here: ", err)
	}
	pages, err := strconv.Atoi(strings.Fields(string(statm))[1])
	require.NoError(b, err)
	return float64(pages * os.Getpagesize())
}

// BenchmarkBinary measures the time of compiling and linking a program, and reports its
// size.
func BenchmarkBinary(b *testing.B) {
	for _, name := range programs {
		b.Run(name, func(b *testing.B) {
			binary := filepath.Join(b.TempDir(), name)
			for b.Loop() {
				require.NoError(b, compile(binary, []string{name}, "GOOS=linux", "GOARCH=arm64"))
			}
			info, err := os.Stat(binary)
			require.NoError(b, err)
			b.ReportMetric(float64(info.Size())/1e6, "MB")
		})
	}
}
