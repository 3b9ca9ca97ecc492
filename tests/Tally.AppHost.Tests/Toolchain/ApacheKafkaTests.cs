using System.Net;
using System.Net.Sockets;
using Tally.AppHost.Tests.Support;
using Tally.AppHost.Toolchain;
using Tally.TestSupport;

namespace Tally.AppHost.Tests.Toolchain;

public sealed class ApacheKafkaTests
{
    [Fact]
    public async Task Who_connects_but_never_answers_is_given_up()
    {
        using var folder = new TemporaryFolder();
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();

        var late = await Assert.ThrowsAsync<TimeoutException>(() => ApacheKafka.FetchAsync(
            new Uri($"http://{silent.LocalEndpoint}/kafka.tgz"), folder.In("kafka.tgz"), new TestReporter(), TimeSpan.FromMilliseconds(300), CancellationToken.None)
            .Within(Processes.Soon));

        Assert.Equal("no answer within 0.3 s", late.Message);
    }
}
