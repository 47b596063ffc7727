package services

import "fmt"

const (
	// CollectorContainer is the name of the collector's container in its task.
	CollectorContainer = "collector"
	// CollectorMemory is the limit of a collector's memory, in MiB: half of the
	// smallest task. The AWS Distro v0.49 used 162 at 6,500 spans a second, 130 of them
	// for its own binary.
	CollectorMemory = 256
	// CollectorCPU is the share of its task's CPU that a collector keeps when the
	// program uses all it can, in units of 1/1024 vCPU: an eighth of the smallest task.
	CollectorCPU = 32
	// CollectorPort is the TCP port on which a collector receives traces from its own
	// task, as OTLP over HTTP.
	//
	// https://opentelemetry.io/docs/specs/otlp/#otlphttp-default-port
	CollectorPort = 4318
	// CollectorVariable is the environment variable that holds the URL of a program's
	// collector.
	//
	// https://opentelemetry.io/docs/specs/otel/protocol/exporter/
	CollectorVariable = "OTEL_EXPORTER_OTLP_ENDPOINT"
)

// ProgramMemory returns the memory of the program's container in MiB: the task's,
// less what its collector and its proxy take.
func (s Service) ProgramMemory() int {
	memory := s.Memory
	if s.Collector != "" {
		memory -= CollectorMemory
	}
	if s.Connected() {
		memory -= ProxyMemory
	}
	return memory
}

// ProgramCPU returns what the program's container keeps of the task's CPU when others
// use all they can, in units of 1/1024 vCPU: the task's, less what its collector and its
// proxy take.
func (s Service) ProgramCPU() int {
	cpu := s.CPU
	if s.Collector != "" {
		cpu -= CollectorCPU
	}
	if s.Connected() {
		cpu -= ProxyCPU
	}
	return cpu
}

// checkCollector does not check the task's size: a collector takes at most half of
// any that Fargate has.
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
	if err := checkReference(s.Collector); err != nil {
		return err
	}
	if s.sets(CollectorVariable) {
		return fmt.Errorf("environment variable %s is the collector's URL: remove it, or leave Collector empty", CollectorVariable)
	}
	return nil
}
