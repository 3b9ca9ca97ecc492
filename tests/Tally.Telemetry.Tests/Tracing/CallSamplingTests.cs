using System.Diagnostics;
using Tally.Telemetry.Tracing;

namespace Tally.Telemetry.Tests.Tracing;

/// <summary>Which calls get a span.</summary>
public class CallSamplingTests
{
    private const string Add = "tally.v1.Calculator/Add";
    private const string Health = "grpc.health.v1.Health/Check";

    [Theory]
    [InlineData(null, null, 1_000, 1_000)]
    [InlineData("parentbased_always_on", null, 1_000, 1_000)]
    [InlineData("parentbased_always_off", null, 0, 0)]
    [InlineData("parentbased_traceidratio", "0", 0, 0)]
    [InlineData("parentbased_traceidratio", "1", 1_000, 1_000)]
    [InlineData("parentbased_traceidratio", "0.5", 350, 650)]
    [InlineData("parentbased_traceidratio", "many", 1_000, 1_000)]
    [InlineData("parentbased_traceidratio", "0,1", 1_000, 1_000)]
    public void Of_a_thousand_calls_without_a_trace_so_many_are_wanted(string? sampler, string? share, int atLeast, int atMost)
    {
        var sampling = Of(sampler, share);

        Assert.InRange(Enumerable.Range(0, 1_000).Count(_ => sampling.IsWanted(Add, default)), atLeast, atMost);
        Assert.False(sampling.IsWanted(Health, default));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("parentbased_always_on")]
    [InlineData("parentbased_always_off")]
    [InlineData("parentbased_traceidratio")]
    public void A_call_with_a_trace_is_wanted_when_its_caller_keeps_it(string? sampler)
    {
        var sampling = Of(sampler, "0.5");

        Assert.True(sampling.IsWanted(Add, Parent(ActivityTraceFlags.Recorded)));
        Assert.True(sampling.IsWanted(Health, Parent(ActivityTraceFlags.Recorded)));
        Assert.False(sampling.IsWanted(Add, Parent(ActivityTraceFlags.None)));
    }

    [Theory]
    [InlineData("always_on")]
    [InlineData("always_off")]
    [InlineData("traceidratio")]
    public void Samplers_that_ask_no_caller_decide_by_themselves(string sampler)
    {
        Assert.True(Of(sampler, "0").IsWanted(Add, Parent(ActivityTraceFlags.None)));
        Assert.True(Of(sampler, "0").IsWanted(Health, Parent(ActivityTraceFlags.Recorded)));
        Assert.False(Of(sampler, "0").IsWanted(Health, default));
    }

    private static ActivityContext Parent(ActivityTraceFlags flags) =>
        new(ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom(), flags, isRemote: true);

    private static CallSampling Of(string? sampler, string? share) => new(new OtlpSettings(name => name switch
    {
        "OTEL_TRACES_SAMPLER" => sampler,
        "OTEL_TRACES_SAMPLER_ARG" => share,
        _ => null,
    }));
}
