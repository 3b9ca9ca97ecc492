using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;

namespace Tally.Telemetry.Hosting;

/// <summary>
/// Gives what fails on the HTTP listener without a word (no such path, not with this method, a fault that nobody expected) an answer as
/// <c>application/problem+json</c>. A fault's text is logged and never sent. gRPC has its own way to say what is wrong, and goes by.
/// </summary>
internal sealed class ProblemAnswers : IStartupFilter
{
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.UseWhen(
            static context => context.Features.Get<GrpcListenerMark>() is null,
            static http => http.UseExceptionHandler().UseStatusCodePages());
        next(app);
    };
}
