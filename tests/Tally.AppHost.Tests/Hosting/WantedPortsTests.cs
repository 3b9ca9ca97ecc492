using Tally.AppHost.Hosting;

namespace Tally.AppHost.Tests.Hosting;

public sealed class WantedPortsTests
{
    [Theory]
    [InlineData(50_051, 1, 50_051)]
    [InlineData(50_051, 2, 50_061)]
    [InlineData(8_082, 8, 8_152)]
    [InlineData(0, 2, 0)]
    [InlineData(65_530, 2, 0)]
    public void Each_instance_asks_for_ports_of_its_own(int first, int number, int expected) => Assert.Equal(expected, WantedPorts.OfInstance(first, number));

    [Fact]
    public void Eight_of_each_ask_for_ports_that_nobody_else_asks_for()
    {
        var usual = WantedPorts.Usual;
        int[] firsts = [usual.CalculatorGrpc, usual.CalculatorHttp, usual.TotalsGrpc, usual.TotalsHttp];
        int[] others = [usual.Postgres, usual.Kafka, usual.Prometheus, usual.Grafana];

        var all = firsts.SelectMany(first => Enumerable.Range(1, ServiceNames.MostInstances).Select(number => WantedPorts.OfInstance(first, number)))
            .Concat(others).ToArray();

        Assert.Equal(all.Length, all.Distinct().Count());
    }

    [Theory]
    [InlineData("calculator-1", true)]
    [InlineData("calculator-12", true)]
    [InlineData("calculator-", false)]
    [InlineData("calculator", false)]
    [InlineData("totals-1", false)]
    public void An_instance_is_known_by_its_name(string component, bool expected) =>
        Assert.Equal(expected, ServiceNames.Is(component, ServiceNames.Calculator));
}
