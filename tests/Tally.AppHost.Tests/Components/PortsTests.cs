using System.Net;
using System.Net.Sockets;
using Tally.AppHost.Components;
using Tally.AppHost.Components.Processes;
using Tally.AppHost.Hosting;
using Tally.AppHost.Toolchain;
using Tally.TestSupport;

namespace Tally.AppHost.Tests.Components;

public sealed class PortsTests
{
    [Fact]
    public void A_taken_port_is_replaced_by_a_free_one_and_said()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var taken = ((IPEndPoint)other.LocalEndpoint).Port;
        var reporter = new TestReporter();
        var context = new ComponentContext(new SystemFolder("/nowhere"), new ToolCache("/nowhere", reporter), reporter);

        var port = context.Port(taken, "PostgreSQL");

        Assert.NotEqual(taken, port);
        Assert.Equal([$"Port {taken} is taken, so PostgreSQL is at {port}."], reporter.Notices);
    }

    [Fact]
    public void A_free_port_is_the_wanted_one()
    {
        var free = Ports.Free();
        Ports.Return(free);

        Assert.Equal(free, Ports.Choose(free));
    }

    [Fact]
    public void No_port_is_given_out_twice()
    {
        var ports = Enumerable.Range(0, 50).Select(_ => Ports.Choose(0)).ToList();

        Assert.Equal(ports.Count, ports.Distinct().Count());
        ports.ForEach(Ports.Return);
    }
}
