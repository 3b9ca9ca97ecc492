using System.Net.Sockets;
using System.Text;

namespace Tally.Telemetry.Tests;

public class ScraperTests
{
    [Fact]
    public async Task A_thousand_scrapes_at_once_are_all_answered_and_share_a_few_collections()
    {
        await using var service = await TestService.StartAsync();
        var collections = 0;
        service.Meter.CreateObservableGauge("collections", () => Interlocked.Increment(ref collections));
        using var client = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 1000 }) { BaseAddress = service.Client.BaseAddress };

        var texts = await Task.WhenAll(Enumerable.Range(0, 1000).Select(_ => client.GetStringAsync("/metrics"))).Within();

        Assert.All(texts, text => Assert.Contains("\ncollections ", text, StringComparison.Ordinal));
        Assert.InRange(collections, 1, 999);
    }

    [Fact]
    public async Task Whoever_asks_while_a_collection_runs_gets_the_next_one_and_shares_it()
    {
        await using var service = await TestService.StartAsync();
        using var gate = new SemaphoreSlim(0);
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var collections = 0;
        service.Meter.CreateObservableGauge("collections", () =>
        {
            if (Interlocked.Increment(ref collections) == 1)
            {
                entered.SetResult();
                Assert.True(gate.Wait(TimeSpan.FromSeconds(30)));
            }

            return collections;
        });

        var first = service.ScrapeAsync();
        await entered.Task.Within();
        var later = Enumerable.Range(0, 200).Select(_ => service.ScrapeAsync()).ToList();
        var scraped = service.App.Services.GetService(typeof(MetricsCollection)) as MetricsCollection;
        var direct = scraped!.Scraper.ScrapeAsync(Telemetry.Prometheus.TextFormat.Classic);
        gate.Release();

        Assert.Contains("\ncollections 1\n", await first, StringComparison.Ordinal);
        Assert.Contains("\ncollections 2\n", Encoding.UTF8.GetString(await direct.Within()), StringComparison.Ordinal);
        Assert.All(await Task.WhenAll(later).Within(), text => Assert.DoesNotContain("\ncollections 1\n", text, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_change_made_before_a_scrape_is_in_it_even_while_others_scrape()
    {
        await using var service = await TestService.StartAsync();
        var counter = service.Meter.CreateCounter<long>("changes");
        using var stop = new CancellationTokenSource();
        var others = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                await service.ScrapeAsync();
            }
        });

        for (var i = 1; i <= 50; i++)
        {
            counter.Add(1);
            Assert.Contains($"\nchanges_total {i}\n", await service.ScrapeAsync(), StringComparison.Ordinal);
        }

        await stop.CancelAsync();
        await others.Within();
    }

    [Fact]
    public async Task A_reader_that_does_not_read_holds_up_nobody()
    {
        await using var service = await TestService.StartAsync();
        var counter = service.Meter.CreateCounter<long>("calls", "{call}", "Enough text to fill every buffer on the way.");
        for (var i = 0; i < 490; i++)
        {
            counter.Add(1, new KeyValuePair<string, object?>("caller", new string('x', 4000) + i));
        }

        var slow = new List<Socket>();
        try
        {
            for (var i = 0; i < 20; i++)
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
                slow.Add(socket);
                await socket.ConnectAsync(service.Listeners.Http);
                await socket.SendAsync(Encoding.ASCII.GetBytes("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"));

                // The first byte of the answer: from here on this reader only stands in the way.
                await socket.ReceiveAsync(new byte[1]).Within();
            }

            var text = await service.ScrapeAsync();

            Assert.True(text.Length > 1_000_000);
        }
        finally
        {
            slow.ForEach(socket => socket.Dispose());
        }
    }

    [Fact]
    public async Task A_reader_that_leaves_before_the_answer_is_no_fault()
    {
        await using var service = await TestService.StartAsync();
        using var gate = new SemaphoreSlim(0);
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        service.Meter.CreateObservableGauge("held", () =>
        {
            entered.TrySetResult();
            return gate.Wait(TimeSpan.FromSeconds(30)) ? 1 : 0;
        });
        using var leaving = new CancellationTokenSource();

        var left = service.Client.GetAsync("/metrics", leaving.Token);
        await entered.Task.Within();
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => left).Within();
        gate.Release(2);

        Assert.Contains("\nheld 1\n", await service.ScrapeAsync(), StringComparison.Ordinal);
        Assert.DoesNotContain(service.Logs.All, record => record.Level >= Microsoft.Extensions.Logging.LogLevel.Error);
    }
}
