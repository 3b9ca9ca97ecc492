using Tally.Calculator;
using Tally.Telemetry;
using Tally.Telemetry.Hosting;

return await TallyService.RunAsync(args, static args =>
{
    var builder = TallyService.CreateBuilder(args);
    builder.AddTallyListeners(grpc: "127.0.0.1:50051", http: "127.0.0.1:8081");
    builder.AddTallyCalculator();

    var app = builder.Build();
    app.MapTallyCalculator();
    app.MapTallyTelemetry();
    return app;
});
