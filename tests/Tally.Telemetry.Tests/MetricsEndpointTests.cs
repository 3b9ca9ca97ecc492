using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging;

namespace Tally.Telemetry.Tests;

public class MetricsEndpointTests
{
    private const string OpenMetrics = "application/openmetrics-text";

    private static readonly TimeSpan RegexLimit = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task Each_kind_of_instrument_becomes_its_Prometheus_type()
    {
        await using var service = await TestService.StartAsync();
        var meter = service.Meter;
        meter.CreateCounter<long>("calls", "{call}", "Calls.").Add(3, new KeyValuePair<string, object?>("rpc.method", "Add"));
        meter.CreateUpDownCounter<long>("under_way", "{call}", "Calls under way.").Add(-2);
        meter.CreateGauge<double>("fill", "1", "How full it is.").Record(0.25);
        meter.CreateHistogram<double>("wait", "s", "Waiting.").Record(0.0007);

        var text = await service.ScrapeAsync();

        Assert.Contains("# HELP calls_total Calls.\n# TYPE calls_total counter\ncalls_total{rpc_method=\"Add\"} 3\n", text, StringComparison.Ordinal);
        Assert.Contains("# TYPE under_way gauge\nunder_way -2\n", text, StringComparison.Ordinal);
        Assert.Contains("# TYPE fill_ratio gauge\nfill_ratio 0.25\n", text, StringComparison.Ordinal);
        Assert.Contains("# TYPE wait_seconds histogram\nwait_seconds_bucket{le=\"0.0005\"} 0\nwait_seconds_bucket{le=\"0.001\"} 1\n", text, StringComparison.Ordinal);
        Assert.Contains("wait_seconds_bucket{le=\"+Inf\"} 1\nwait_seconds_sum 0.0007\nwait_seconds_count 1\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_bounds_that_an_instrument_advises_are_used()
    {
        await using var service = await TestService.StartAsync();
        var advice = new InstrumentAdvice<long> { HistogramBucketBoundaries = [1, 10, 100] };
        service.Meter.CreateHistogram("batch.size", "{result}", "Size.", [], advice).Record(7);

        var text = await service.ScrapeAsync();

        Assert.Equal(["1", "10", "100", "+Inf"], Bounds(text, "batch_size"));
    }

    [Fact]
    public async Task The_service_and_its_build_are_told()
    {
        await using var service = await TestService.StartAsync();

        var text = await service.ScrapeAsync();

        Assert.Contains("target_info{service_instance_id=\"test-1\",service_name=\"test\",service_namespace=\"tally\"", text, StringComparison.Ordinal);
        Assert.Contains("tally_build_info{runtime=\".NET ", text, StringComparison.Ordinal);
        Assert.Contains("\nprocess_uptime_seconds ", text, StringComparison.Ordinal);
        Assert.Contains("\ndotnet_process_cpu_time_seconds_total{cpu_mode=\"user\"} ", text, StringComparison.Ordinal);
        Assert.Contains("# TYPE dotnet_thread_pool_threads gauge\n", text, StringComparison.Ordinal);
        Assert.Contains("\nkestrel_active_connections{", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task OpenMetrics_is_answered_when_asked_for_with_the_trace_that_a_measurement_belongs_to()
    {
        await using var service = await TestService.StartAsync();
        using var source = new ActivitySource("Test.Traces");
        using var listener = new ActivityListener
        {
            ShouldListenTo = asked => ReferenceEquals(asked, source),
            Sample = (ref _) => ActivitySamplingResult.AllDataAndRecorded,
        };
        ActivitySource.AddActivityListener(listener);
        var calls = service.Meter.CreateCounter<long>("calls");
        var sizes = service.Meter.CreateHistogram<long>("size");
        var wait = service.Meter.CreateHistogram<double>("wait", "s");
        string trace, span;
        using (var activity = source.StartActivity("add"))
        {
            (trace, span) = (activity!.TraceId.ToHexString(), activity.SpanId.ToHexString());
            calls.Add(2);
            sizes.Record(7);
            wait.Record(0.004);
        }

        var text = await service.ScrapeAsync(OpenMetrics);
        var classic = await service.ScrapeAsync();

        Assert.Contains($"calls_total 2 # {{trace_id=\"{trace}\",span_id=", text, StringComparison.Ordinal);
        Assert.Contains($"wait_seconds_bucket{{le=\"0.005\"}} 1 # {{trace_id=\"{trace}\"", text, StringComparison.Ordinal);
        Assert.Contains($"size_bucket{{le=\"10.0\"}} 1 # {{trace_id=\"{trace}\",span_id=\"{span}\"}} 7 ", text, StringComparison.Ordinal);
        Assert.Contains("# UNIT wait_seconds seconds\n", text, StringComparison.Ordinal);
        Assert.EndsWith("\n# EOF\n", text, StringComparison.Ordinal);
        Assert.DoesNotContain(trace, classic, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_type_of_the_content_says_which_format_it_is()
    {
        await using var service = await TestService.StartAsync();

        using var classic = await service.Client.GetAsync("/metrics").Within();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/metrics") { Headers = { { "Accept", OpenMetrics } } };
        using var open = await service.Client.SendAsync(request).Within();

        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", classic.Content.Headers.ContentType?.ToString());
        Assert.Equal("application/openmetrics-text; version=1.0.0; charset=utf-8", open.Content.Headers.ContentType?.ToString());
        Assert.False(classic.Headers.Contains("Server"));
    }

    [Fact]
    public async Task Families_and_series_come_in_the_same_order_every_time()
    {
        await using var service = await TestService.StartAsync();
        var counter = service.Meter.CreateCounter<long>("calls");
        foreach (var code in new[] { "c", "a", "b" })
        {
            counter.Add(1, new KeyValuePair<string, object?>("code", code));
        }

        var text = await service.ScrapeAsync();

        Assert.Contains("calls_total{code=\"a\"} 1\ncalls_total{code=\"b\"} 1\ncalls_total{code=\"c\"} 1\n", text, StringComparison.Ordinal);
        var names = text.Split('\n').Where(line => line.StartsWith("# TYPE ", StringComparison.Ordinal)).Select(line => line.Split(' ')[2]).Skip(1).ToList();
        Assert.Equal(names.Order(StringComparer.Ordinal), names);
    }

    [Fact]
    public async Task More_series_than_the_limit_are_counted_together()
    {
        await using var service = await TestService.StartAsync();
        var counter = service.Meter.CreateCounter<long>("calls");
        for (var i = 0; i < MetricsCollection.CardinalityLimit + 50; i++)
        {
            counter.Add(1, new KeyValuePair<string, object?>("caller", i));
        }

        var text = await service.ScrapeAsync();

        Assert.Contains("calls_total{otel_metric_overflow=\"true\"} ", text, StringComparison.Ordinal);
        Assert.True(text.Split("\ncalls_total{").Length - 1 <= MetricsCollection.CardinalityLimit + 1);
    }

    [Fact]
    public async Task A_gauge_that_throws_takes_only_itself_out()
    {
        await using var service = await TestService.StartAsync();
        service.Meter.CreateObservableGauge("broken", long () => throw new InvalidOperationException());
        service.Meter.CreateObservableGauge("sound", () => 5L);

        var text = await service.ScrapeAsync();

        Assert.Contains("\nsound 5\n", text, StringComparison.Ordinal);
        Assert.DoesNotContain("broken", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_instruments_whose_names_meet_are_merged_or_the_second_is_left_out_and_that_is_logged()
    {
        await using var service = await TestService.StartAsync();
        service.Meter.CreateCounter<long>("some.calls").Add(1, new KeyValuePair<string, object?>("from", "first"));
        service.Meter.CreateCounter<long>("some_calls").Add(2, new KeyValuePair<string, object?>("from", "second"));
        service.Meter.CreateCounter<long>("some/calls").Add(3, new KeyValuePair<string, object?>("from", "second"));
        service.Meter.CreateGauge<long>("some-calls").Record(4);

        var text = await service.ScrapeAsync();

        Assert.Contains("# TYPE some_calls_total counter\nsome_calls_total{from=\"first\"} 1\nsome_calls_total{from=\"second\"} 2\n#", text, StringComparison.Ordinal);
        Assert.Contains(service.Logs.All, record => record.Level == LogLevel.Warning && record.Text.Contains("Metric some-calls of", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Two_services_in_one_process_do_not_count_for_each_other()
    {
        await using var service = await TestService.StartAsync();
        await using var other = await TestService.StartAsync();
        other.Meter.CreateCounter<long>("others").Add(1);
        service.Meter.CreateCounter<long>("mine").Add(1);

        var text = await service.ScrapeAsync();

        Assert.Contains("mine_total 1", text, StringComparison.Ordinal);
        Assert.DoesNotContain("others_total", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Meters_that_were_not_named_are_not_shown()
    {
        await using var service = await TestService.StartAsync();
        using var meter = new Meter("Somebody.Else");
        meter.CreateCounter<long>("elsewhere").Add(1);

        Assert.DoesNotContain("elsewhere", await service.ScrapeAsync(), StringComparison.Ordinal);
    }

    private static IEnumerable<string> Bounds(string text, string name) => Regex
        .Matches(text, name + "_bucket{le=\"(?<bound>[^\"]+)\"}", RegexOptions.ExplicitCapture, RegexLimit)
        .Select(match => match.Groups["bound"].Value);
}
