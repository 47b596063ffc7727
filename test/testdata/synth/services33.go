package services

import "fmt"

// More services, each with the program and the tables of one that ships.
func init() {
	for i := len(Forum.Services); i < 33; i++ {
		s := Forum.Services[i%3]
		s.Name = fmt.Sprintf("service%d", i)
		s.Paths = []string{"/api/" + s.Name, "/api/" + s.Name + "/*"}
		s.Priority = 100 * (i + 1)
		s.MonolithPercent = 0
		Forum.Services = append(Forum.Services, s)
	}
}
