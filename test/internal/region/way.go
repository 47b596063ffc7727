package region

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"syscall"

	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/internal/network"
)

// way is how far connections from the load balancer to a task get. The programs of all
// tasks are processes on one address of this machine, where one would hinder another that
// has the same port; so each gets a free port, and the way says what the declared ones
// would do.
type way int

const (
	// open leads to the program.
	open way = iota
	// closed leads to a task whose program does not listen on the port.
	closed
	// dropped leads nowhere: a security group or a missing route keeps every packet.
	dropped
)

// wayTo is the way from the load balancer to the tasks of a service: to the port in which
// the target group registers them, through the security groups of both.
func wayTo(stage *assembly.Stage, service assembly.Service, container assembly.Container, attachment assembly.Attachment) (way, error) {
	if !slices.Contains(container.Ports, attachment.Port) {
		// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LoadBalancer.html
		return 0, fmt.Errorf("the container %s did not have a container port %d defined", container.Name, attachment.Port)
	}
	n, err := network.Of(stage)
	switch {
	case err != nil:
		return 0, err
	case !n.Connects(network.LoadBalancer, service.Program(), attachment.Port):
		return dropped, nil
	case container.Environment["PORT"] != strconv.Itoa(attachment.Port):
		return closed, nil
	}
	return open, nil
}

func (w way) dial(ctx context.Context, network, address string) (net.Conn, error) {
	switch w {
	case closed:
		return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.ECONNREFUSED}
	case dropped:
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return (&net.Dialer{}).DialContext(ctx, network, address)
}
