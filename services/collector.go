package services

import "fmt"

const (
	// CollectorContainer is what a collector is called in its task.
	CollectorContainer = "collector"
	// CollectorMemory is what a collector may use of its task's memory, in MiB: half
	// of the smallest task. The AWS Distro, v0.49, used 162 at 6,500 spans a second,
	// 130 of them for its own file.
	CollectorMemory = 256
	// CollectorCPU is what a collector gets of its task's CPU when the program wants
	// all, in units of 1/1024 vCPU: an eighth of the smallest task.
	CollectorCPU = 32
	// CollectorPort is where a collector takes traces from its own task, as OTLP over
	// HTTP.
	//
	// https://opentelemetry.io/docs/specs/otlp/#otlphttp-default-port
	CollectorPort = 4318
	// CollectorVariable is the environment variable that tells a program where its
	// collector is.
	//
	// https://opentelemetry.io/docs/specs/otel/protocol/exporter/
	CollectorVariable = "OTEL_EXPORTER_OTLP_ENDPOINT"
)

// ProgramMemory is the memory that a task leaves its program, in MiB.
func (s Service) ProgramMemory() int {
	if s.Collector == "" {
		return s.Memory
	}
	return s.Memory - CollectorMemory
}

// checkCollector need not look at the task's size: every one that Fargate has holds
// a collector, and leaves the program half of it or more.
func (s Service) checkCollector() error {
	if s.Collector == "" {
		return nil
	}
	if s.Name == CollectorContainer {
		return fmt.Errorf("the name is its collector's: rename the service")
	}
	if s.Port == CollectorPort {
		return fmt.Errorf("port %d is its collector's: choose another Port", s.Port)
	}
	if _, taken := s.Environment[CollectorVariable]; taken {
		return fmt.Errorf("environment variable %s leads to the collector: remove it, or leave Collector empty", CollectorVariable)
	}
	return nil
}
