using Tally.Telemetry.Prometheus;

namespace Tally.Telemetry.Tests.Prometheus;

public class MetricNamesTests
{
    [Theory]
    [InlineData("tally.outbox.commit.duration", "s", "tally_outbox_commit_duration_seconds", "seconds")]
    [InlineData("tally.outbox.commit.duration_seconds", "s", "tally_outbox_commit_duration_seconds", "seconds")]
    [InlineData("request.size", "By", "request_size_bytes", "bytes")]
    [InlineData("request.size", "KiBy", "request_size_kibibytes", "kibibytes")]
    [InlineData("latency", "ms", "latency_milliseconds", "milliseconds")]
    [InlineData("batch.size", "{result}", "batch_size", "")]
    [InlineData("speed", "m/s", "speed_meters_per_second", "meters_per_second")]
    [InlineData("speed", "{call}/s", "speed_per_second", "per_second")]
    [InlineData("share", "1", "share", "")]
    [InlineData("odd", "fortnight", "odd_fortnight", "fortnight")]
    [InlineData("odd", "", "odd", "")]
    public void Histograms_end_in_their_unit(string name, string unit, string expected, string expectedUnit) =>
        Assert.Equal((expected, expectedUnit), MetricNames.Family(name, unit, FamilyType.Histogram));

    [Theory]
    [InlineData("queue.fill", "1", "queue_fill_ratio")]
    [InlineData("queue.length", "{call}", "queue_length")]
    [InlineData("temperature", "Cel", "temperature_celsius")]
    [InlineData("dotnet.thread_pool.thread.count", "{thread}", "dotnet_thread_pool_threads")]
    [InlineData("dotnet.assembly.count", "{assembly}", "dotnet_assemblies")]
    [InlineData("x.status.count", "", "x_status")]
    [InlineData("count", "", "count")]
    [InlineData("tally.total", "", "tally")]
    public void Gauges_have_ratios_and_leave_the_endings_of_other_types_alone(string name, string unit, string expected) =>
        Assert.Equal(expected, MetricNames.Family(name, unit, FamilyType.Gauge).Name);

    [Theory]
    [InlineData("calls", "{call}", "calls")]
    [InlineData("calls.total", "{call}", "calls")]
    [InlineData("bytes.sent", "By", "bytes_sent_bytes")]
    [InlineData("sent_bytes_total", "By", "sent_bytes")]
    [InlineData("cpu.time", "s", "cpu_time_seconds")]
    [InlineData("share", "1", "share")]
    [InlineData("item.count", "{item}", "item_count")]
    public void Counters_get_their_total_when_they_are_written_and_never_twice(string name, string unit, string expected) =>
        Assert.Equal(expected, MetricNames.Family(name, unit, FamilyType.Counter).Name);

    [Theory]
    [InlineData("a.b-c d/e", "a_b_c_d_e")]
    [InlineData("a..b__c", "a_b_c")]
    [InlineData("9lives", "_9lives")]
    [InlineData("naïve", "na_ve")]
    [InlineData("job:rate", "job:rate")]
    public void Characters_that_Prometheus_does_not_know_become_one_underscore(string name, string expected) =>
        Assert.Equal(expected, MetricNames.Family(name, "", FamilyType.Gauge).Name);

    [Theory]
    [InlineData("http.method", "http_method")]
    [InlineData("a:b", "a_b")]
    [InlineData("1st", "_1st")]
    [InlineData("le", "exported_le")]
    public void Labels_have_no_colons_and_never_collide_with_the_bound_of_a_bucket(string key, string expected) =>
        Assert.Equal(expected, MetricNames.Label(key));
}
