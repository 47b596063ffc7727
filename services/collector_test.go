package services

import (
	"maps"
	"slices"
	"testing"
)

// Whatever size Fargate has, a collector leaves the program half of the memory and
// seven eighths of the CPU.
func TestCollectorFitsEveryTask(t *testing.T) {
	sizes := 0
	for _, cpu := range append(slices.Collect(maps.Keys(fargateMemory)), 256) {
		for memory := 512; memory <= 122880; memory += 512 {
			s := Service{Name: "alpha", Image: Image{Program: "services/alpha"}, CPU: cpu, Memory: memory, Collector: "collector:1"}.complete()
			if s.check() != nil {
				continue
			}
			sizes++
			if s.ProgramMemory() < memory/2 || s.ProgramMemory()+CollectorMemory != memory || CollectorCPU > cpu/8 {
				t.Errorf("%d CPU units and %d MiB: the program keeps %d MiB", cpu, memory, s.ProgramMemory())
			}
		}
	}
	if sizes < 50 {
		t.Errorf("only %d sizes were looked at", sizes)
	}
}

func TestWithoutACollectorTheTaskIsThePrograms(t *testing.T) {
	for _, s := range completed(t).All() {
		if s.ProgramMemory() != s.Memory {
			t.Errorf("%s keeps %d of %d MiB", s.Name, s.ProgramMemory(), s.Memory)
		}
	}
}
